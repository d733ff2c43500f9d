// What measure.py does, for the runtimes in JavaScript, which name all things alike.
const ROWS_PER_RUN = 1000;

/** Makes the curves of the rows in `buffer`: int64 [n] if `kind` is "seeds", float32 [n, width] if
 * it is "noise". Returns the curves, float32 [n · n_points], and the curves per second. */
export async function measure(ort, session, kind, width, buffer, seconds) {
  const [Numbers, type] = kind === "seeds" ? [BigInt64Array, "int64"] : [Float32Array, "float32"];
  const numbers = new Numbers(buffer);
  const parts = [];
  for (let first = 0; first < numbers.length; first += ROWS_PER_RUN * width) {
    const part = numbers.subarray(first, first + ROWS_PER_RUN * width);
    const shape = kind === "seeds" ? [part.length] : [part.length / width, width];
    parts.push({ [kind]: new ort.Tensor(type, part, shape) });
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
  return { curves, curvesPerSecond: numbers.length / width / median };
}
