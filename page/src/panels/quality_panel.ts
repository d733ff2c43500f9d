// How good the model is: each measure beside what real curves, a Gaussian and copies score.
import type { Measure, Model } from "../model/model";
import { properMinus } from "../text/numbers";
import { element, made } from "./elements";

const BETTER = {
  lower: ["↓", "lower is better"],
  higher: ["↑", "higher is better"],
  nearer: ["→", "nearer to that of real curves is better"],
} as const;

interface Column {
  heading: string;
  className?: string;
  isKnown: (measure: Measure) => boolean;
  cell: (measure: Measure, value: number) => HTMLElement;
}

const COLUMNS: Column[] = [
  { heading: "this model", isKnown: () => true, cell: figure },
  { heading: "90 % interval", className: "interval", isKnown: ({ low }) => low !== null, cell: interval },
  yardstick("real curves", "floor"),
  yardstick("Gaussian", "gaussian"),
  yardstick("copies", "copies"),
  { heading: "how far off", className: "bar", isKnown: ({ gaussian }) => gaussian !== null, cell: bar },
];

function yardstick(heading: string, score: "floor" | "gaussian" | "copies"): Column {
  return {
    heading,
    isKnown: (measure) => measure[score] !== null,
    cell: (measure) => figure(measure, measure[score]),
  };
}

/** Says how good the curves of `model` are. */
export function describeQuality({ measures: described, quality, verdict }: Model): void {
  const measures = described.filter(({ name }) => name in quality);
  const known = new Set(measures.map(({ name }) => name));
  const others = Object.entries(quality).filter(([name]) => !known.has(name));
  const columns = COLUMNS.filter(({ isKnown }, i) => i === 0 || measures.some(isKnown));
  element("quality").hidden = known.size + others.length === 0;
  element("verdict").hidden = verdict === "";
  element("verdict").textContent = verdict;
  element("quality-note").hidden = measures.every(({ gaussian }) => gaussian === null);
  element("quality-columns").replaceChildren(
    made("th", { scope: "col", textContent: "measure" }),
    ...columns.map(({ heading, className = "" }) =>
      made("th", { scope: "col", textContent: heading, className }),
    ),
  );
  element("measures").replaceChildren(
    ...measures.map((measure) => {
      const cells = columns.map(({ cell }) => cell(measure, quality[measure.name]!));
      const name = heading(measure.label);
      const [arrow, meaning] = BETTER[measure.better];
      name.append(" ", made("span", { textContent: arrow, title: meaning, role: "img", ariaLabel: meaning }));
      return row(name, ...cells);
    }),
    ...others.map(([name, value]) =>
      row(heading(name), made("td", { textContent: properMinus(String(Number(value.toPrecision(4)))) })),
    ),
  );
}

function figure(measure: Measure, value: number | null): HTMLElement {
  return made("td", { textContent: value === null ? "" : text(measure, value) });
}

function interval(measure: Measure): HTMLElement {
  const { low, high } = measure;
  const known = low !== null && high !== null;
  return made("td", {
    className: "interval",
    textContent: known ? `${text(measure, low)} to ${text(measure, high)}` : "",
  });
}

/** Returns a bar that starts at what real curves score, with a mark at the Gaussian's score. */
function bar(measure: Measure, value: number): HTMLElement {
  const cell = made("td", { className: "bar", ariaHidden: "true" });
  const { gaussian, copies, low, high } = measure;
  if (gaussian === null) return cell;
  // Chance alone fills no more than a third.
  const chance = low !== null && high !== null ? 1.5 * (high - low) : 0;
  const scores = [value, gaussian, ...(copies === null ? [] : [copies])];
  const whole = Math.max(chance, ...scores.map((score) => worse(measure, score))) || 1;
  const at = (score: number) => `${100 * Math.min(1, Math.max(0, worse(measure, score) / whole))}%`;
  const track = made("span", { className: "track" });
  const fill = made("span", { className: "fill" });
  const mark = made("span", { className: "mark" });
  fill.style.width = at(value);
  mark.style.left = at(gaussian);
  track.append(fill, mark);
  cell.append(track);
  return cell;
}

/** Returns by how much a score is worse than that of real curves. */
function worse({ better, floor }: Measure, score: number): number {
  const more = score - (floor ?? 0);
  return better === "lower" ? more : better === "higher" ? -more : Math.abs(more);
}

function text({ digits }: Measure, value: number): string {
  return properMinus(value.toFixed(digits));
}

function heading(textContent: string): HTMLElement {
  return made("th", { scope: "row", textContent });
}

function row(...cells: HTMLElement[]): HTMLElement {
  const whole = made("tr");
  whole.append(...cells);
  return whole;
}
