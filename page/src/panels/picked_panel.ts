// The panel of the curve that is picked: its seed, what is known of it, its noise, its values.
import { element } from "./elements";
import { fitA, isQuadratics, type Model } from "../model/model";
import { Sliders } from "./sliders";
import { properMinus, shortNumber } from "../text/text";

// How far a point may lie beyond a bound and still count as within, as the quality is measured.
const BOUNDS_TOLERANCE = 0.001;

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
  describe(model: Model, seed: bigint, curve: Float32Array, isMoved: boolean): void {
    const name = `Seed ${properMinus(String(seed))}`;
    element("pick").textContent = isMoved ? `${name}, moved` : name;
    element<HTMLButtonElement>("reset").disabled = !isMoved;
    element("facts").textContent = facts(model, curve);
    element("values").replaceChildren(
      ...model.x_grid.map((x, i) => {
        const row = document.createElement("tr");
        for (const value of [x, curve[i]!]) {
          const cell = document.createElement("td");
          cell.textContent = properMinus(value.toFixed(5));
          row.append(cell);
        }
        return row;
      }),
    );
  }
}

function facts(model: Model, curve: Float32Array): string {
  const said: string[] = [];
  if (isQuadratics(model)) said.push(`a = ${shortNumber(fitA(curve, model.x_grid)[0]!)}`);
  const { lower_bound: lower, upper_bound: upper } = model;
  if (lower && upper) {
    const inside = curve.every(
      (y, i) => y >= lower[i]! - BOUNDS_TOLERANCE && y <= upper[i]! + BOUNDS_TOLERANCE,
    );
    said.push(inside ? "within the bounds" : "outside the bounds");
  }
  return said.join(" · ");
}
