// The panel of the family's parameters that can be read off a curve: how each is distributed.
import { Histogram } from "../charts/histogram";
import { type Model, type Parameter, valuesOf } from "../model/model";
import { element, made } from "./elements";

/** Of how many seeds the distributions are, from 0 on. */
export const DISTRIBUTION_SEEDS = 10_000;

export class ParametersPanel {
  private readonly place = element("parameters");
  private histograms: [Parameter, Histogram][] = [];

  /** Makes room for the parameters of `model`; most models have none. */
  describe({ parameters }: Model): void {
    this.place.hidden = parameters.length === 0;
    this.place.replaceChildren();
    this.histograms = parameters.map((parameter, i) => {
      const chart = this.room(parameter, `parameter-${i + 1}`);
      return [parameter, new Histogram(chart, parameter)];
    });
  }

  /** Draws how the parameters are distributed in `curves`, float32 [n · n_points]. */
  show(curves: Float32Array): void {
    for (const [parameter, histogram] of this.histograms) histogram.show(valuesOf(parameter, curves));
  }

  /** Marks `curves`, float32 [n · n_points], below the distributions. */
  mark(curves: Float32Array): void {
    for (const [parameter, histogram] of this.histograms) histogram.mark(valuesOf(parameter, curves));
  }

  /** Draws all anew, in the colours of the style sheet as they are now. */
  build(): void {
    for (const [, histogram] of this.histograms) histogram.build();
  }

  private room(parameter: Parameter, id: string): HTMLElement {
    const last = (DISTRIBUTION_SEEDS - 1).toLocaleString("en");
    const title = made("div", { className: "title" });
    title.append(
      made("h2", { id, textContent: `Distribution of ${parameter.name}` }),
      made("p", { textContent: `seeds 0 to ${last} · ticks: the curves above` }),
    );
    const chart = made("div", { className: "chart distribution", role: "img" });
    chart.setAttribute("aria-labelledby", id);
    this.place.append(title, chart);
    return chart;
  }
}
