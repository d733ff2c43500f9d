// What with_onnxruntime_web.py runs in the page: makes and times the curves of rows.
import { measure } from "./measure.mjs";
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";

const wasm = "./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };
ort.env.wasm.numThreads = 1;

globalThis.run = async ({ input, seconds }) => {
  const load = async (file) => (await fetch(file)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(await load("model.onnx")));
  return measure(ort, session, input, await load("rows"), seconds);
};
