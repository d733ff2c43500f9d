// How the a of many curves is distributed, beside its target, the even distribution on [1, 2].
import uPlot from "uplot";
import { scaleColour, themeColour } from "./colours";
import { axis, write } from "./plot";

const [LOW, HIGH] = [1, 2];
const WIDTH = 0.025;
// What is always seen, and the share of curves that may lie beyond what is seen at either end.
const [FROM, TO] = [0.9, 2.1];
const BEYOND = 0.002;

export class Histogram {
  private chart: uPlot | undefined;
  private from = FROM;
  private density: number[] = [];
  private ticks: ArrayLike<number> = [];

  constructor(private readonly place: HTMLElement) {
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  /** Draws the distribution of `all`. */
  show(all: ArrayLike<number>): void {
    const sorted = Float64Array.from(all).sort();
    const beyond = Math.floor(BEYOND * sorted.length);
    this.from = Math.min(FROM, WIDTH * Math.floor(sorted[beyond]! / WIDTH));
    const to = Math.max(TO, WIDTH * Math.ceil(sorted[sorted.length - 1 - beyond]! / WIDTH));
    const counts = new Array<number>(Math.round((to - this.from) / WIDTH)).fill(0);
    for (const a of sorted) {
      const bin = Math.floor((a - this.from) / WIDTH);
      if (counts[bin] !== undefined) counts[bin]++;
    }
    this.density = counts.map((count) => count / (sorted.length * WIDTH));
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
    const centres = this.density.map((_, bin) => this.from + (bin + 0.5) * WIDTH);
    const colours = centres.map((a) => scaleColour(a - LOW));
    const bars = uPlot.paths.bars!({
      size: [1, 100],
      gap: 1,
      disp: { fill: { unit: 3, values: () => colours } },
    });
    this.chart = new uPlot(
      {
        ...this.size(),
        legend: { show: false },
        cursor: { show: false },
        padding: [20, 14, 0, 0],
        scales: {
          x: { time: false, range: [this.from, this.from + WIDTH * this.density.length] },
          y: { range: (_, __, high) => [-0.14 * Math.max(high, 1.2), Math.max(high, 1.2)] },
        },
        axes: [
          axis({ size: 28, label: "a", labelSize: 18, space: 60, grid: { show: false } }),
          axis({
            size: 36,
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

  private annotate(chart: uPlot): void {
    const { ctx } = chart;
    const x = (value: number) => chart.valToPos(value, "x", true);
    const y = (value: number) => chart.valToPos(value, "y", true);
    ctx.save();
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.strokeStyle = themeColour("ink");
    ctx.beginPath();
    ctx.moveTo(x(LOW), y(0));
    ctx.lineTo(x(LOW), y(1));
    ctx.lineTo(x(HIGH), y(1));
    ctx.lineTo(x(HIGH), y(0));
    ctx.stroke();
    ctx.beginPath();
    ctx.rect(chart.bbox.left, chart.bbox.top, chart.bbox.width, chart.bbox.height);
    ctx.clip();
    const bottom = chart.bbox.top + chart.bbox.height;
    ctx.lineWidth = uPlot.pxRatio;
    for (const a of Array.from(this.ticks)) {
      ctx.strokeStyle = scaleColour(a - LOW);
      ctx.beginPath();
      ctx.moveTo(x(a), bottom);
      ctx.lineTo(x(a), bottom - 10 * uPlot.pxRatio);
      ctx.stroke();
    }
    ctx.restore();
    const last = Math.round((HIGH - this.from) / WIDTH);
    const highest = Math.max(1, ...this.density.slice(last - 8, last));
    const above = y(highest) - 11 * uPlot.pxRatio;
    write(chart, "target", x(HIGH), above, themeColour("ink"), {
      align: "right",
    });
  }
}
