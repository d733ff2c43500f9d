// Computes the curves of seeds in the browser, with onnxruntime-web's wasm backend.
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";

const wasm = "./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };
ort.env.wasm.numThreads = 1; // More threads would require a cross-origin isolated page.

const MOST_SEEDS = 100_000; // More lines would make the browser slow.

class UserError extends Error {}

/** Parses seeds written as 7, -1 or 0-63. Returns BigInt64Array [n].
 *
 * Uses BigInt, because numbers are exact only up to 2^53. */
function parseSeeds(text) {
  const seeds = [];
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const match = /^(-?[0-9]+)(?:-(-?[0-9]+))?$/.exec(part);
    if (!match) throw new UserError(`'${part}' is not a seed: write 7, -1 or 0-63`);
    const first = BigInt(match[1]);
    const last = BigInt(match[2] ?? match[1]);
    if ([first, last].some((seed) => BigInt.asIntN(64, seed) !== seed) || last < first) {
      throw new UserError(`'${part}' is not a 64-bit seed or an ascending range of them`);
    }
    if (BigInt(seeds.length) + last - first >= BigInt(MOST_SEEDS)) {
      throw new UserError("that is more than 100,000 seeds: request fewer at once");
    }
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  if (!seeds.length) throw new UserError("no seeds: write 7, -1 or 0-63");
  return BigInt64Array.from(seeds);
}

function notOurs(address) {
  return new UserError(`${address} does not map seeds to curves: give a sampler's model.onnx`);
}

async function loadSampler(address) {
  const answer = await fetch(address).catch(() => {
    throw new UserError(`can't reach ${address}`);
  });
  if (!answer.ok) throw new UserError(`can't read ${address}: ${answer.status}`);
  const content = new Uint8Array(await answer.arrayBuffer());
  const session = await ort.InferenceSession.create(content, { logSeverityLevel: 4 }).catch(() => {
    throw new UserError(`${address} is not an ONNX model: give a sampler's model.onnx`);
  });
  const found = [...session.inputMetadata, ...session.outputMetadata].map(
    ({ name, type, shape }) => `${name} ${type} ${shape?.length}`,
  );
  if (found.join() !== "seeds int64 1,curves float32 2") {
    await session.release();
    throw notOurs(address);
  }
  return session;
}

/** Returns a line for each seed: the seed, then the curve's values. */
async function makeLines(address, text) {
  const seeds = parseSeeds(text);
  const session = await loadSampler(address);
  const { curves } = await session
    .run({ seeds: new ort.Tensor("int64", seeds, [seeds.length]) })
    .catch(({ message }) => {
      // Another model with the same input, or out of memory.
      throw new UserError(`${address} can't make the curves: ${message.split("\n")[0]}`);
    })
    .finally(() => session.release());
  const [n, nPoints] = curves.dims;
  if (n !== seeds.length) throw notOurs(address);
  return Array.from(seeds, (seed, row) => {
    const curve = Array.from(curves.data.subarray(row * nPoints, (row + 1) * nPoints));
    return [seed, ...curve.map((value) => Number(value.toPrecision(9)))].join(" ");
  });
}

const form = document.querySelector("form");
const printed = document.querySelector("pre");
const alert = document.querySelector("[role=alert]");

let turn = 0;

async function show() {
  const mine = ++turn; // A late result is dropped.
  printed.textContent = alert.textContent = "";
  let [lines, problem] = ["", ""];
  try {
    const { model, seeds } = form.elements;
    lines = (await makeLines(model.value, seeds.value)).join("\n");
  } catch (error) {
    problem = `error: ${error.message}`;
    if (!(error instanceof UserError)) console.error(error);
  }
  if (mine !== turn) return;
  printed.textContent = lines;
  alert.textContent = problem;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
show();
