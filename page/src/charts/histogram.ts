// How a parameter of the family is distributed in many curves, beside the uniform distribution that
// it has in real ones.
import uPlot from "uplot";
import type { Parameter } from "../model/model";
import { scaleColour, themeColour } from "./colours";
import { axis, sizeFor, write } from "./plot";

// Bins between the lowest and the highest value in real curves.
const BINS = 40;
// Bins beyond either end that are always seen, and the share of curves that may lie beyond what is
// seen there.
const MARGIN = 4;
const BEYOND = 0.002;

export class Histogram {
  private chart: uPlot | undefined;
  private readonly width: number;
  /** The density that real curves have. */
  private readonly target: number;
  private from = 0;
  private density: number[] = [];
  private ticks: ArrayLike<number> = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly parameter: Parameter,
  ) {
    this.width = (parameter.high - parameter.low) / BINS;
    this.target = 1 / (parameter.high - parameter.low);
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  /** Draws the distribution of `all`. */
  show(all: ArrayLike<number>): void {
    const { low } = this.parameter;
    const sorted = Float64Array.from(all, (value) => (value - low) / this.width).sort();
    const beyond = Math.floor(BEYOND * sorted.length);
    const first = Math.min(-MARGIN, Math.floor(sorted[beyond]!));
    const end = Math.max(BINS + MARGIN, Math.ceil(sorted[sorted.length - 1 - beyond]!));
    const counts = new Array<number>(end - first).fill(0);
    for (const position of sorted) {
      const bin = Math.floor(position) - first;
      if (counts[bin] !== undefined) counts[bin]++;
    }
    this.from = low + first * this.width;
    this.density = counts.map((count) => count / (sorted.length * this.width));
    this.build();
  }

  /** Marks the values `ticks` below the distribution. */
  mark(ticks: ArrayLike<number>): void {
    this.ticks = ticks;
    this.chart?.redraw(false);
  }

  /** Draws all anew, in the colours of the style sheet as they are now. */
  build(): void {
    if (!this.density.length) return;
    this.chart?.destroy();
    const centres = this.density.map((_, bin) => this.from + (bin + 0.5) * this.width);
    const colours = centres.map((value) => this.colourOf(value));
    const bars = uPlot.paths.bars!({
      size: [1, 100],
      gap: 1,
      disp: { fill: { unit: 3, values: () => colours } },
    });
    const least = 1.2 * this.target;
    this.chart = new uPlot(
      {
        ...this.size(),
        legend: { show: false },
        cursor: { show: false },
        padding: [20, 14, 0, 0],
        scales: {
          x: { time: false, range: [this.from, this.from + this.width * this.density.length] },
          y: { range: (_, __, high) => [-0.14 * Math.max(high, least), Math.max(high, least)] },
        },
        axes: [
          axis({
            size: 28,
            label: this.parameter.name,
            labelSize: 18,
            space: 60,
            grid: { show: false },
          }),
          axis({
            size: sizeFor(36),
            label: "density",
            labelSize: 18,
            space: 30,
            filter: (_, splits) => splits.map((value) => (value < 0 ? null : value)),
          }),
        ],
        series: [{}, { paths: bars, width: 0, fill: themeColour("edge"), points: { show: false } }],
        hooks: { draw: [(chart) => this.annotate(chart)] },
      },
      [centres, this.density],
      this.place,
    );
  }

  private size(): { width: number; height: number } {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  private colourOf(value: number): string {
    return scaleColour((value - this.parameter.low) * this.target);
  }

  private annotate(chart: uPlot): void {
    const { ctx } = chart;
    const { low, high } = this.parameter;
    const x = (value: number) => chart.valToPos(value, "x", true);
    const y = (value: number) => chart.valToPos(value, "y", true);
    ctx.save();
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.strokeStyle = themeColour("ink");
    ctx.beginPath();
    ctx.moveTo(x(low), y(0));
    ctx.lineTo(x(low), y(this.target));
    ctx.lineTo(x(high), y(this.target));
    ctx.lineTo(x(high), y(0));
    ctx.stroke();
    ctx.beginPath();
    ctx.rect(chart.bbox.left, chart.bbox.top, chart.bbox.width, chart.bbox.height);
    ctx.clip();
    const bottom = chart.bbox.top + chart.bbox.height;
    ctx.lineWidth = uPlot.pxRatio;
    for (const value of Array.from(this.ticks)) {
      ctx.strokeStyle = this.colourOf(value);
      ctx.beginPath();
      ctx.moveTo(x(value), bottom);
      ctx.lineTo(x(value), bottom - 10 * uPlot.pxRatio);
      ctx.stroke();
    }
    ctx.restore();
    // Above the bars that it would stand on.
    const last = Math.round((high - this.from) / this.width);
    const highest = Math.max(this.target, ...this.density.slice(last - 8, last));
    const above = y(highest) - 11 * uPlot.pxRatio;
    write(chart, "real curves", x(high), above, themeColour("ink"), { align: "right" });
  }
}
