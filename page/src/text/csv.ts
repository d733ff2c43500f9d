// Curves as CSV: a row a curve, its seed, its label if it has one, then y at each point, as `curvegan
// generate` writes it.
import type { Model } from "../model/model";

/** Returns the file's text. Nine digits give a float32 back. */
export function csvOf(
  model: Model,
  seeds: BigInt64Array,
  label: number | null,
  curves: Float32Array,
): string {
  const n = model.x_grid.length;
  const labelled = label !== null;
  const lines = [["seed", ...(labelled ? ["label"] : []), ...columns(model).map(cell)].join(",")];
  const name = labelled ? [cell(model.labels[label]!)] : [];
  seeds.forEach((seed, row) => {
    const values = Array.from(curves.subarray(row * n, (row + 1) * n), nineDigits);
    lines.push([seed, ...name, ...values].join(","));
  });
  return `${lines.join("\n")}\n`;
}

/** Returns the name of each point, with the units of y where they are known. */
function columns({ x_grid, x_name, point_names, units }: Model): string[] {
  const named = point_names.length > 0;
  const names = named ? point_names : x_grid.map((x) => `${x_name || "x"}=${nineDigits(x)}`);
  return units ? names.map((name) => `${name} [${units}]`) : names;
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns a text that reads back as the same float32. */
export function nineDigits(value: number): string {
  return String(Number(value.toPrecision(9)));
}
