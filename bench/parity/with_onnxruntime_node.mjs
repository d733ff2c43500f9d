// onnxruntime-node, of the example's packages: see measure.py for the arguments.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../examples/node/package.json", import.meta.url));
const ort = require("onnxruntime-node");

const [model, kind, width, rowsFile, curvesFile, seconds] = process.argv.slice(2);
const ROWS_PER_RUN = 1000;
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const bytes = readFileSync(rowsFile);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const rows = kind === "seeds" ? new BigInt64Array(buffer) : new Float32Array(buffer);

const parts = [];
for (let first = 0; first < rows.length; first += ROWS_PER_RUN * width) {
  const part = rows.subarray(first, first + ROWS_PER_RUN * width);
  const shape = kind === "seeds" ? [part.length] : [part.length / width, Number(width)];
  parts.push({ [kind]: new ort.Tensor(kind === "seeds" ? "int64" : "float32", part, shape) });
}
const curves = [];
for (const part of parts) curves.push(...(await session.run(part)).curves.data);
writeFileSync(curvesFile, new Float32Array(curves));

const times = [];
const until = performance.now() + 1000 * seconds;
do {
  const start = performance.now();
  for (const part of parts) await session.run(part);
  times.push((performance.now() - start) / 1000);
} while (performance.now() < until);
const median = times.sort((a, b) => a - b)[times.length >> 1];
const version = require("onnxruntime-node/package.json").version;
console.log(JSON.stringify({ version, curves_per_second: rows.length / width / median }));
