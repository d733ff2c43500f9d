// Prints the curves of seeds: node curves.mjs MODEL SEEDS...      SEEDS: 7, -1, 0-63
import { readFile } from "node:fs/promises";
import ort from "onnxruntime-node";

const MOST_SEEDS = 1_000_000;

class UserError extends Error {}

/** Parses seeds written as 7, -1 or 0-63. Returns BigInt64Array [n].
 *
 * Uses BigInt, because numbers are exact only up to 2^53. */
function parseSeeds(texts) {
  const seeds = [];
  for (const text of texts) {
    const match = /^(-?[0-9]+)(?:-(-?[0-9]+))?$/.exec(text);
    if (!match) throw new UserError(`'${text}' is not a seed: write 7, -1 or 0-63`);
    const first = BigInt(match[1]);
    const last = BigInt(match[2] ?? match[1]);
    if ([first, last].some((seed) => BigInt.asIntN(64, seed) !== seed) || last < first) {
      throw new UserError(`'${text}' is not a 64-bit seed or an ascending range of them`);
    }
    if (BigInt(seeds.length) + last - first >= BigInt(MOST_SEEDS)) {
      throw new UserError("that is more than 1,000,000 seeds: request fewer at once");
    }
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  return BigInt64Array.from(seeds);
}

function notOurs(path) {
  return new UserError(`${path} does not map seeds to curves: give a curvegan sampler's model.onnx`);
}

async function loadSampler(path) {
  const content = await readFile(path).catch((error) => {
    throw new UserError(`can't read ${path}: ${error.message}`);
  });
  const session = await ort.InferenceSession.create(content, {
    executionProviders: ["cpu"],
    logSeverityLevel: 4,
  }).catch(() => {
    throw new UserError(`${path} is not an ONNX model: give a curvegan sampler's model.onnx`);
  });
  const found = [...session.inputMetadata, ...session.outputMetadata].map(
    ({ name, type, shape }) => `${name} ${type} ${shape?.length}`,
  );
  if (found.join() !== "seeds int64 1,curves float32 2") throw notOurs(path);
  return session;
}

async function main([path, ...texts]) {
  if (!texts.length) throw new UserError("usage: node curves.mjs MODEL SEEDS...");
  const seeds = parseSeeds(texts);
  const session = await loadSampler(path);
  const rows = new ort.Tensor("int64", seeds, [seeds.length]);
  const { curves } = await session.run({ seeds: rows }).catch(({ message }) => {
    // Another model with the same input, or out of memory.
    throw new UserError(`${path} can't make the curves: ${message.split("\n")[0]}`);
  });
  const [n, nPoints] = curves.dims;
  if (n !== seeds.length) throw notOurs(path);
  const lines = Array.from(seeds, (seed, row) => {
    const curve = Array.from(curves.data.subarray(row * nPoints, (row + 1) * nPoints));
    return [seed, ...curve.map((value) => Number(value.toPrecision(9)))].join(" ");
  });
  process.stdout.write(`${lines.join("\n")}\n`);
}

process.stdout.on("error", ({ code, message }) => {
  const pipeClosed = code === "EPIPE"; // as in `... | head`
  if (!pipeClosed) console.error(`error: can't write the curves: ${message}`);
  process.exit(1);
});
await main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
