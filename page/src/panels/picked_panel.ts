// The panel of the curve that is picked: its seed, what is known of it, its noise, its values.
import { parameterTexts, type Shown } from "../charts/curve_chart";
import { type Model, pointName } from "../model/model";
import { fixedNumber, properMinus } from "../text/numbers";
import { element, made } from "./elements";
import { Sliders } from "./sliders";

// How far a point may lie beyond a bound and still count as within: this part of the distance
// between the bounds where they are closest.
const BOUNDS_TOLERANCE = 0.001;
// Decimals of the values, beyond those of what all curves span.
const PLACES = 5;

export class PickedPanel {
  private readonly sliders: Sliders;

  /** `onMove` gets the whole noise, float32 [n_noise], whenever a slider is moved. */
  constructor(onMove: (noise: Float32Array) => void) {
    this.sliders = new Sliders(element("sliders"), onMove);
  }

  /** Puts the sliders at `noise`, float32 [n_noise]. */
  setNoise(noise: Float32Array): void {
    this.sliders.set(noise);
  }

  /** Says all that is known of `curve`, float32 [n_points], which may be moved from its seed's. */
  describe({ model, span }: Shown, seed: bigint, curve: Float32Array, isMoved: boolean): void {
    const name = `Seed ${properMinus(String(seed))}`;
    element("pick").textContent = isMoved ? `${name}, moved` : name;
    element<HTMLButtonElement>("reset").disabled = !isMoved;
    element("facts").textContent = facts(model, curve);
    element("values-x").textContent = model.x_name || "x";
    element("values-y").textContent = model.units || "y";
    element("values").replaceChildren(
      ...model.x_grid.map((_, i) => {
        const row = made("tr");
        row.append(
          made("td", { textContent: pointName(model, i, PLACES) }),
          made("td", { textContent: fixedNumber(curve[i]!, span, PLACES) }),
        );
        return row;
      }),
    );
  }
}

function facts(model: Model, curve: Float32Array): string {
  const said = parameterTexts(model, curve);
  const { lower_bound: lower, upper_bound: upper } = model;
  if (lower && upper) {
    const slack = BOUNDS_TOLERANCE * Math.min(...upper.map((y, i) => y - lower[i]!));
    const inside = curve.every((y, i) => y >= lower[i]! - slack && y <= upper[i]! + slack);
    said.push(inside ? "within the bounds" : "outside the bounds");
  }
  return said.join(" · ");
}
