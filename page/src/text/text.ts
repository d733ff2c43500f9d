// Numbers and names as people read them.
import { formatSeeds } from "./seeds";

/** Returns numbers with a proper minus sign, which a hyphen between two of them is not. */
export function properMinus(text: string): string {
  return text.replaceAll(/(?<!\d)-/g, "−");
}

/** Returns a number with three decimals and a proper minus sign. */
export function shortNumber(value: number): string {
  return properMinus(value.toFixed(3));
}

/** Returns a small number as 2.4 × 10⁻⁷, which no line breaks. */
export function tinyNumber(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return "not a number";
  const [digits, exponent] = value.toExponential(1).split("e");
  const raised = Array.from(exponent!.replace("+", ""), (sign) =>
    sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)],
  );
  return `${digits}\u00a0×\u00a010${raised.join("")}`;
}

const QUALITY: Record<string, [string, (value: number) => string]> = {
  w1_a: ["W₁ of a to its target", (value) => value.toFixed(4)],
  off_family_rmse: ["Off the family (RMSE)", (value) => value.toFixed(4)],
  in_bounds: ["Within the bounds", (value) => `${(100 * value).toFixed(1)} %`],
};

/** Returns the name of a measure of quality and its value; what is not known stays as it is. */
export function quality(name: string, value: number): [string, string] {
  const known = QUALITY[name];
  return known ? [known[0], known[1](value)] : [name, String(Number(value.toPrecision(4)))];
}

/** Returns how many curves there are, and of which seeds. */
export function seedsTitle(seeds: BigInt64Array): string {
  const count = seeds.length === 1 ? "1 curve" : `${seeds.length.toLocaleString("en")} curves`;
  const text = formatSeeds(seeds);
  const run = /^(-?\d+)-(-?\d+)$/.exec(text);
  if (run) return `${count}, seeds ${properMinus(run[1]!)} to ${properMinus(run[2]!)}`;
  const name = seeds.length === 1 ? "seed" : "seeds";
  const which = text.length <= 44 ? `${name} ${properMinus(text)}` : `${name} of a list`;
  return `${count}, ${which}`;
}
