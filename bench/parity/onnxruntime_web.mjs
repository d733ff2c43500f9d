// What with_onnxruntime_web.py runs in the page: makes and times the curves of rows.
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";

const wasm = "./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };
ort.env.wasm.numThreads = 1;

const ROWS_PER_RUN = 1000;

globalThis.run = async ({ kind, width, seconds }) => {
  const load = async (file) => (await fetch(file)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(await load("model.onnx")));
  const buffer = await load("rows");
  const rows = kind === "seeds" ? new BigInt64Array(buffer) : new Float32Array(buffer);
  const parts = [];
  for (let first = 0; first < rows.length; first += ROWS_PER_RUN * width) {
    const part = rows.subarray(first, first + ROWS_PER_RUN * width);
    const shape = kind === "seeds" ? [part.length] : [part.length / width, width];
    parts.push({ [kind]: new ort.Tensor(kind === "seeds" ? "int64" : "float32", part, shape) });
  }
  const curves = [];
  for (const part of parts) curves.push(...(await session.run(part)).curves.data);
  const times = [];
  const until = performance.now() + 1000 * seconds;
  do {
    const start = performance.now();
    for (const part of parts) await session.run(part);
    times.push((performance.now() - start) / 1000);
  } while (performance.now() < until);
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  return { curves, perSecond: rows.length / width / median };
};
