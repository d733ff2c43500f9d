// How the a of many curves is distributed, beside its target, the even distribution on [1, 2].
import uPlot from "uplot";
import { scaleColour, themeColour } from "./colours";
import { axis, write } from "./plot";

const [LOW, HIGH] = [1, 2];
const [FROM, TO] = [0.9, 2.1];
const BINS = 48;
const WIDTH = (TO - FROM) / BINS;

export class Histogram {
  private chart: uPlot | undefined;
  private density: number[] = [];
  private ticks: ArrayLike<number> = [];

  constructor(private readonly place: HTMLElement) {
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  /** Draws the distribution of `all`. */
  show(all: ArrayLike<number>): void {
    const counts = new Array<number>(BINS).fill(0);
    for (const a of Array.from(all)) {
      const bin = Math.floor((a - FROM) / WIDTH);
      counts[Math.min(BINS - 1, Math.max(0, bin))]!++;
    }
    this.density = counts.map((count) => count / (all.length * WIDTH));
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
    const centres = this.density.map((_, bin) => FROM + (bin + 0.5) * WIDTH);
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
          x: { time: false, range: [FROM, TO] },
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
    const highest = Math.max(1, ...this.density.slice(-12, -4));
    const above = y(highest) - 11 * uPlot.pxRatio;
    write(chart, "target", x(HIGH), above, themeColour("ink"), {
      align: "right",
    });
  }
}
