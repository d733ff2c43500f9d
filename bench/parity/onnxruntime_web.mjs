// What with_onnxruntime_web.py runs in the page: makes and times the curves of rows.
import { measure } from "./measure.mjs";

const at = (file) => new URL(`./node_modules/onnxruntime-web/dist/${file}`, import.meta.url).href;
// The package is a script in old versions, which leaves a global, and a module in new ones.
const ort = await import(at("ort.wasm.bundle.min.mjs")).catch(async () => {
  await import(at("ort.wasm.min.js"));
  return globalThis.ort;
});
ort.env.wasm.wasmPaths = {
  wasm: at("ort-wasm-simd-threaded.wasm"),
  "ort-wasm-simd.wasm": at("ort-wasm-simd.wasm"),
};
ort.env.wasm.numThreads = 1;

globalThis.run = async ({ inputs, seconds }) => {
  const load = async (file) => (await fetch(file)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(await load("model.onnx")));
  for (const input of inputs) input.buffer = await load(input.file);
  return measure(ort, session, inputs, seconds);
};
