// onnxruntime-node, of the example's packages: see measure.py for the arguments.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { measure } from "./measure.mjs";

const require = createRequire(new URL("../../examples/node/package.json", import.meta.url));
const ort = require("onnxruntime-node");
const { version } = require("onnxruntime-node/package.json");

const [model, name, datatype, shape, rowsFile, curvesFile, seconds] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const bytes = readFileSync(rowsFile);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const found = await measure(ort, session, { name, datatype, shape }, buffer, Number(seconds));
writeFileSync(curvesFile, new Float32Array(found.curves));
console.log(JSON.stringify({ version, curves_per_second: found.curvesPerSecond }));
