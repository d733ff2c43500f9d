// A slider for each number of the noise.
import { properMinus } from "../text/numbers";

// Of a standard normal, all but one in 16,000 lies within.
const REACH = 4;

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
    this.place.replaceChildren(...Array.from({ length: count }, (_, i) => this.row(i)));
  }

  private row(i: number): HTMLElement {
    const row = document.createElement("div");
    row.className = "slider";
    const label = document.createElement("label");
    const index = document.createElement("sub");
    index.textContent = String(i + 1);
    label.append("z", index);
    label.htmlFor = `noise-${i + 1}`;
    const input = document.createElement("input");
    Object.assign(input, { type: "range", id: `noise-${i + 1}`, step: "0.01" });
    const output = document.createElement("output");
    output.htmlFor.add(input.id);
    output.ariaLive = "off";
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
