// Curves as CSV: a row a curve, its seed, then y at each x, as `curvegan generate` writes it.

/** Returns the file's text. Nine digits give a float32 back. */
export function csvOf(seeds: BigInt64Array, curves: Float32Array, xGrid: number[]): string {
  const n = xGrid.length;
  const lines = [["seed", ...xGrid.map((x) => `x=${nineDigits(x)}`)].join(",")];
  seeds.forEach((seed, row) => {
    const values = Array.from(curves.subarray(row * n, (row + 1) * n), nineDigits);
    lines.push([seed, ...values].join(","));
  });
  return `${lines.join("\n")}\n`;
}

/** Returns a text that reads back as the same float32. */
export function nineDigits(value: number): string {
  return String(Number(value.toPrecision(9)));
}
