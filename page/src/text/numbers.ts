// Numbers as people read them.

/** Returns numbers with a proper minus sign, which a hyphen between two of them is not. */
export function properMinus(text: string): string {
  return text.replaceAll(/(?<!\d)-/g, "−");
}

// Where all that differs begins later than this many decimals, numbers are written as 1.5e−9.
const ZEROS = 4;

/** Returns `value`, one of many that span so much in all, with a proper minus sign and decimals
 * enough to tell 10 to the power of `places` of them apart. */
export function fixedNumber(value: number, span: number, places = 3): string {
  const decimals = Math.ceil(places - Math.log10(span));
  if (decimals > places + ZEROS && Math.abs(value) < 10 * span) {
    return properMinus(value.toExponential(places));
  }
  return properMinus(value.toFixed(Math.min(20, Math.max(0, decimals))));
}

/** Returns what `values` span, above 0. */
export function spanOf(values: ArrayLike<number>): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of Array.from(values)) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low || Math.abs(high) || 1;
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
