// Colours: the page's own from its style sheet, those of curves from the viridis scale, which is
// told apart with every kind of colour vision and in grey.

const VIRIDIS = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
] as const;

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Calls `act` whenever light turns to dark, or dark to light. */
export function onThemeChange(act: () => void): void {
  dark.addEventListener("change", act);
}

/** Returns the style sheet's colour `name`. */
export function themeColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Returns the colour of a height in [0, 1], without the end of the scale that the page's
 * background swallows. */
export function scaleColour(height: number): string {
  const [from, to] = dark.matches ? [0.3, 1] : [0.06, 0.86];
  const at = (from + (to - from) * Math.min(1, Math.max(0, height))) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const [low, high] = [VIRIDIS[index]!, VIRIDIS[index + 1]!];
  const mixed = low.map((value, i) => Math.round(value + (high[i]! - value) * (at - index)));
  return `rgb(${mixed.join(" ")})`;
}

/** Returns a height in [0, 1] for each of `values`; of those of `range`, where it is given. */
export function heights(values: ArrayLike<number>, range?: [number, number]): number[] {
  const all = Array.from(values);
  const [low, high] = range ?? [Math.min(...all), Math.max(...all)];
  return all.map((value) => (high > low ? (value - low) / (high - low) : 0.5));
}
