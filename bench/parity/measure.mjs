// What measure.py does, for the runtimes in JavaScript, which name all things alike.
const ROWS_PER_RUN = 1000;

const TYPES = { INT64: [BigInt64Array, "int64"], FP32: [Float32Array, "float32"] };

/** Makes the curves of the rows of `inputs`: each has the numbers in its `buffer`, of its datatype and
 * shape. Returns the curves, float32 [n · n_points], and the curves per second. */
export async function measure(ort, session, inputs, seconds) {
  const given = inputs.map(({ name, datatype, shape, buffer }) => {
    const [Numbers, type] = TYPES[datatype];
    const row = shape.split(",").slice(1).map(Number);
    const width = row.reduce((size, length) => size * length, 1);
    return { name, type, row, width, numbers: new Numbers(buffer) };
  });
  const n = given[0].numbers.length / given[0].width;
  const parts = [];
  for (let first = 0; first < n; first += ROWS_PER_RUN) {
    const feeds = given.map(({ name, type, row, width, numbers }) => {
      const part = numbers.subarray(first * width, (first + ROWS_PER_RUN) * width);
      return [name, new ort.Tensor(type, part, [part.length / width, ...row])];
    });
    parts.push(Object.fromEntries(feeds));
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
  return { curves, curvesPerSecond: n / median };
}
