// A slider for each number of the noise.
import { properMinus } from "../text/numbers";
import { made } from "./elements";

// Of a standard normal, all but one in 16,000 lies within.
const REACH = 4;
// More sliders would push the rest of the panel off the screen: the others are folded.
const OPEN = 12;

export class Sliders {
  private inputs: HTMLInputElement[] = [];
  private outputs: HTMLOutputElement[] = [];
  private noise = new Float32Array();

  /** `onMove` gets the whole noise, float32 [n_noise], whenever one of its numbers is moved. */
  constructor(
    private readonly place: HTMLElement,
    private readonly onMove: (noise: Float32Array) => void,
  ) {}

  /** Puts the sliders at `noise`, float32 [n_noise]. */
  set(noise: Float32Array): void {
    this.noise = noise.slice();
    if (this.inputs.length !== noise.length) this.build(noise.length);
    this.inputs.forEach((input, i) => {
      const reach = Math.max(REACH, Math.ceil(Math.abs(noise[i]!)));
      input.min = String(-reach);
      input.max = String(reach);
      input.value = String(noise[i]);
      this.tell(i);
    });
  }

  private build(count: number): void {
    this.inputs = [];
    this.outputs = [];
    const rows = Array.from({ length: count }, (_, i) => this.row(i));
    this.place.replaceChildren(...rows.slice(0, OPEN));
    if (count <= OPEN) return;
    const folded = made("details");
    const others = made("div", { className: "scroll" });
    others.append(...rows.slice(OPEN));
    folded.append(made("summary", { textContent: `The other ${count - OPEN}` }), others);
    this.place.append(folded);
  }

  private row(i: number): HTMLElement {
    const row = made("div", { className: "slider" });
    const input = made("input", { type: "range", id: `noise-${i + 1}`, step: "0.01" });
    const label = made("label", { htmlFor: input.id });
    label.append("z", made("sub", { textContent: String(i + 1) }));
    const output = made("output", { ariaLive: "off" });
    output.htmlFor.add(input.id);
    this.inputs.push(input);
    this.outputs.push(output);
    input.addEventListener("input", () => {
      // The others stay exactly what they were, finer than a slider's step.
      this.noise[i] = Number(input.value);
      this.tell(i);
      this.onMove(this.noise.slice());
    });
    row.append(label, input, output);
    return row;
  }

  private tell(i: number): void {
    this.outputs[i]!.value = properMinus(this.noise[i]!.toFixed(2));
  }
}
