// What measure.py does, for the runtimes in JavaScript, which name all things alike.
const ROWS_PER_RUN = 1000;

const TYPES = { INT64: [BigInt64Array, "int64"], FP32: [Float32Array, "float32"] };

/** Makes the curves of the rows in `buffer`, numbers of `input`'s datatype and shape. Returns the
 * curves, float32 [n · n_points], and the curves per second. */
export async function measure(ort, session, input, buffer, seconds) {
  const [Numbers, type] = TYPES[input.datatype];
  const row = input.shape.split(",").slice(1).map(Number);
  const width = row.reduce((size, length) => size * length, 1);
  const numbers = new Numbers(buffer);
  const parts = [];
  for (let first = 0; first < numbers.length; first += ROWS_PER_RUN * width) {
    const part = numbers.subarray(first, first + ROWS_PER_RUN * width);
    parts.push({ [input.name]: new ort.Tensor(type, part, [part.length / width, ...row]) });
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
