// The panel of the model: its version, how it was made, how good it is.
import { element } from "./elements";
import type { Model } from "../model/model";
import { quality } from "../text/text";

/** Says all that the manifest does of `model`. */
export function describeModel(model: Model): void {
  const { version, recipe, training_seed, x_grid, n_noise } = model;
  element("model").replaceChildren(
    ...term("Version", String(version)),
    ...term("Recipe", `${recipe}, seed ${training_seed}`),
    ...term("Family", model.family),
    ...term("Noise → points", `${n_noise} → ${x_grid.length}`),
    ...Object.entries(model.quality).flatMap(([name, value]) => term(...quality(name, value))),
    ...term("Sampler’s SHA-256", `${model.sampler_sha256.slice(0, 12)}…`),
  );
}

function term(name: string, value: string): HTMLElement[] {
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  dt.textContent = name;
  dd.textContent = value;
  return [dt, dd];
}
