// The panel of the model: its version, and how it was made.
import type { Model } from "../model/model";
import { element, made } from "./elements";
import { describeQuality } from "./quality_panel";

/** Says all that the manifest does of `model`. */
export function describeModel(model: Model): void {
  const { version, recipe, training_seed, x_grid, n_noise } = model;
  element("model").replaceChildren(
    ...term("Version", String(version)),
    ...term("Recipe", training_seed === null ? recipe : `${recipe}, seed ${training_seed}`),
    ...term("Family", model.family),
    ...term("Noise → points", `${n_noise} → ${x_grid.length}`),
    ...term("Sampler’s SHA-256", `${model.sampler_sha256.slice(0, 12)}…`),
  );
  describeQuality(model);
}

function term(name: string, value: string): HTMLElement[] {
  return [made("dt", { textContent: name }), made("dd", { textContent: value })];
}
