// onnxruntime-node. Its first argument is the folder of its package.json, see measure.py for the others.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { measure } from "./measure.mjs";

const [folder, model, curvesFile, seconds, ...described] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const ort = require("onnxruntime-node");
const { version } = require("onnxruntime-node/package.json");

const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const inputs = [];
for (let at = 0; at < described.length; at += 4) {
  const [name, datatype, shape, file] = described.slice(at, at + 4);
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  inputs.push({ name, datatype, shape, buffer });
}
const found = await measure(ort, session, inputs, Number(seconds));
writeFileSync(curvesFile, new Float32Array(found.curves));
console.log(JSON.stringify({ version, curves_per_second: found.curvesPerSecond }));
