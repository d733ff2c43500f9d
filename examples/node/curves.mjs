// Prints the curves of seeds: node curves.mjs MODEL SEEDS...      SEEDS: 7, -1, 0-63
import { readFile } from "node:fs/promises";
import ort from "onnxruntime-node";

const MOST_SEEDS = 1_000_000;

class Mistake extends Error {}

/** Returns the seeds that are written as 7, -1 or 0-63: BigInt64Array [n].
 *
 * BigInt all the way, for a number is exact up to 2^53 only. */
function parseSeeds(texts) {
  const seeds = [];
  for (const text of texts) {
    const match = /^(-?[0-9]+)(?:-(-?[0-9]+))?$/.exec(text);
    if (!match) throw new Mistake(`'${text}' is no seed: write 7, -1 or 0-63`);
    const first = BigInt(match[1]);
    const last = BigInt(match[2] ?? match[1]);
    if ([first, last].some((seed) => BigInt.asIntN(64, seed) !== seed) || last < first) {
      throw new Mistake(`'${text}' is no seed of 64 bits, nor an ascending range of them`);
    }
    if (BigInt(seeds.length) + last - first >= BigInt(MOST_SEEDS)) {
      throw new Mistake("that is more than 1,000,000 seeds: ask for fewer at once");
    }
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  return BigInt64Array.from(seeds);
}

function notOurs(path) {
  return new Mistake(`${path} does not map seeds to curves: give a curvegan sampler's model.onnx`);
}

async function loadSampler(path) {
  const content = await readFile(path).catch((error) => {
    throw new Mistake(`can't read ${path}: ${error.message}`);
  });
  const session = await ort.InferenceSession.create(content, {
    executionProviders: ["cpu"],
    logSeverityLevel: 4,
  }).catch(() => {
    throw new Mistake(`${path} is no ONNX model: give a curvegan sampler's model.onnx`);
  });
  const found = [...session.inputMetadata, ...session.outputMetadata].map(
    ({ name, type, shape }) => `${name} ${type} ${shape?.length}`,
  );
  if (found.join() !== "seeds int64 1,curves float32 2") throw notOurs(path);
  return session;
}

async function main([path, ...texts]) {
  if (!texts.length) throw new Mistake("write: node curves.mjs MODEL SEEDS...");
  const seeds = parseSeeds(texts);
  const session = await loadSampler(path);
  const rows = new ort.Tensor("int64", seeds, [seeds.length]);
  const { curves } = await session.run({ seeds: rows }).catch(({ message }) => {
    // A model may look like ours, and memory may run out.
    throw new Mistake(`${path} can't make the curves: ${message.split("\n")[0]}`);
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
  const hadEnough = code === "EPIPE"; // as in `... | head`
  if (!hadEnough) console.error(`error: can't write the curves: ${message}`);
  process.exit(1);
});
await main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof Mistake)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
