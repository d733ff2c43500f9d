// The panel of the model: its version, how it was made, how good it is.
import type { Measure, Model } from "../model/model";
import { properMinus } from "../text/numbers";
import { element, made } from "./elements";

const BETTER = { lower: ["↓", "lower is better"], higher: ["↑", "higher is better"] } as const;

/** Says all that the manifest does of `model`. */
export function describeModel(model: Model): void {
  const { version, recipe, training_seed, x_grid, n_noise, quality } = model;
  element("model").replaceChildren(
    ...term("Version", String(version)),
    ...term("Recipe", training_seed === null ? recipe : `${recipe}, seed ${training_seed}`),
    ...term("Family", model.family),
    ...term("Noise → points", `${n_noise} → ${x_grid.length}`),
    ...term("Sampler’s SHA-256", `${model.sampler_sha256.slice(0, 12)}…`),
  );
  const measures = model.measures.filter(({ name }) => name in quality);
  const known = new Set(measures.map(({ name }) => name));
  const others = Object.entries(quality).filter(([name]) => !known.has(name));
  element("quality").hidden = known.size + others.length === 0;
  element("quality-floor").hidden = measures.every(({ floor }) => floor === null);
  element("measures").replaceChildren(
    ...measures.map((measure) => measureRow(measure, quality[measure.name]!)),
    ...others.map(([name, value]) => row(name, properMinus(String(Number(value.toPrecision(4)))))),
  );
}

function measureRow({ label, better, floor, digits }: Measure, value: number): HTMLElement {
  const [arrow, meaning] = BETTER[better];
  const text = (number: number) => properMinus(number.toFixed(digits));
  const cells = row(label, text(value), floor === null ? "" : text(floor));
  cells.firstElementChild!.append(" ", made("span", { textContent: arrow, title: meaning, role: "img", ariaLabel: meaning }));
  return cells;
}

function row(name: string, ...values: string[]): HTMLElement {
  const cells = made("tr");
  cells.append(
    made("th", { scope: "row", textContent: name }),
    ...values.map((textContent) => made("td", { textContent })),
  );
  return cells;
}

function term(name: string, value: string): HTMLElement[] {
  return [made("dt", { textContent: name }), made("dd", { textContent: value })];
}
