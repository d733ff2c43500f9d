// onnxruntime-node. Its first argument is the folder of its package.json, see measure.py for the others.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { measure } from "./measure.mjs";

const [folder, model, name, datatype, shape, rowsFile, curvesFile, seconds] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const ort = require("onnxruntime-node");
const { version } = require("onnxruntime-node/package.json");

const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const bytes = readFileSync(rowsFile);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const found = await measure(ort, session, { name, datatype, shape }, buffer, Number(seconds));
writeFileSync(curvesFile, new Float32Array(found.curves));
console.log(JSON.stringify({ version, curves_per_second: found.curvesPerSecond }));
