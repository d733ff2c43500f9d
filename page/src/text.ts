// Numbers and names as people read them.

/** Returns a number with three decimals and a proper minus sign. */
export function shortNumber(value: number): string {
  return value.toFixed(3).replace("-", "−");
}

/** Returns a small number as 2.4 × 10⁻⁷. */
export function tinyNumber(value: number): string {
  if (value === 0) return "0";
  const [digits, exponent] = value.toExponential(1).split("e");
  const raised = Array.from(exponent!.replace("+", ""), (sign) =>
    sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)],
  );
  return `${digits} × 10${raised.join("")}`;
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
