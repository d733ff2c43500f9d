// The curves between their bounds. One can be picked: it is drawn over the others.
import uPlot from "uplot";
import { heights, scaleColour, themeColour } from "./colours";
import { type Model, pointName, valuesOf } from "../model/model";
import { fixedNumber, properMinus } from "../text/numbers";
import { axis, nameAxis, namedPoints, sizeFor, textWidth, write } from "./plot";

// How near to a curve, in pixels, the pointer means it.
const REACH = 24;

/** What is shown: `curves` are float32 [n · n_points], one for each of `seeds`, all of the class
 * `label`, null of a model without; `span` is how far their y reach, for so many decimals tell them
 * apart. */
export interface Shown {
  model: Model;
  seeds: BigInt64Array;
  label: number | null;
  curves: Float32Array;
  span: number;
}

export class CurveChart {
  private chart: uPlot | undefined;
  private shown: Shown | undefined;
  private colours: string[] = [];
  private picked: ArrayLike<number> = [];
  private hovered: number | null = null;
  private readonly tip = document.createElement("div");

  /** `onPick` gets the row of a curve that is clicked. */
  constructor(
    private readonly place: HTMLElement,
    private readonly onPick: (row: number) => void,
  ) {
    this.tip.className = "tip";
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  /** Draws `shown`, and the curve `picked` over it. */
  show(shown: Shown, picked: ArrayLike<number>): void {
    const before = this.shown;
    this.shown = shown;
    this.picked = picked;
    this.hovered = null;
    this.tip.hidden = true;
    this.colours = this.coloursOf(shown);
    if (before?.model === shown.model && before.seeds.length === shown.seeds.length && this.chart) {
      this.chart.setData(this.data());
    } else {
      this.build();
    }
  }

  /** Draws another curve over those that are shown. */
  pick(picked: ArrayLike<number>): void {
    this.picked = picked;
    this.chart?.setData(this.data());
  }

  /** Draws all anew, in the colours of the style sheet as they are now. */
  build(): void {
    if (!this.shown) return;
    this.chart?.destroy();
    this.colours = this.coloursOf(this.shown);
    this.chart = new uPlot(this.options(this.shown), this.data(), this.place);
    this.chart.over.append(this.tip);
    this.chart.over.addEventListener("click", () => {
      if (this.hovered !== null) this.onPick(this.hovered);
    });
    this.chart.over.addEventListener("mouseleave", () => this.hover(null));
  }

  private coloursOf({ model, curves, seeds }: Shown): string[] {
    const n = model.x_grid.length;
    const [parameter] = model.parameters;
    const of = parameter
      ? heights(valuesOf(parameter, curves), [parameter.low, parameter.high])
      : heights(Array.from(seeds, (_, row) => mean(curves.subarray(row * n, row * n + n))));
    return of.map(scaleColour);
  }

  private size(): { width: number; height: number } {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  private data(): uPlot.AlignedData {
    const { model, curves, seeds } = this.shown!;
    const n = model.x_grid.length;
    const none = new Array<null>(n).fill(null);
    const at = (row: number) => curves.subarray(row * n, row * n + n);
    return [
      model.x_grid,
      model.upper_bound ?? none,
      model.lower_bound ?? none,
      ...Array.from(seeds, (_, row) => at(row)),
      model.upper_bound ?? none,
      model.lower_bound ?? none,
      this.hovered === null ? none : at(this.hovered),
      this.picked,
    ] as uPlot.AlignedData;
  }

  private options({ model, seeds }: Shown): uPlot.Options {
    const width = Math.min(2, Math.max(0.5, 11 / Math.sqrt(seeds.length)));
    const line = { points: { show: false } };
    const bound = (name: string): uPlot.Series => ({
      ...line,
      stroke: themeColour(name),
      width: 2.5,
    });
    const [first, last] = [model.x_grid[0]!, model.x_grid.at(-1)!];
    return {
      ...this.size(),
      legend: { show: false },
      padding: [14, 14, 0, 0],
      cursor: {
        drag: { setScale: false, x: false, y: false },
        focus: { prox: REACH },
        points: { one: true, size: 8, fill: (_, i) => this.colourOfSeries(i) },
        y: false,
      },
      focus: { alpha: 1 },
      scales: {
        x: { time: false, range: [first, last] },
        y: { range: (_, low, high) => [low - 0.07 * (high - low), high + 0.03 * (high - low)] },
      },
      axes: [
        axis({ size: 28, label: model.x_name || "x", labelSize: 18, space: 60, ...namedPoints(model) }),
        axis({ size: sizeFor(54, 20), space: 44 }),
      ],
      bands: model.upper_bound ? [{ series: [1, 2], fill: themeColour("band") }] : [],
      series: [
        {},
        // The area between the bounds lies below the curves, the bounds themselves over them.
        { ...line, width: 0 },
        { ...line, width: 0 },
        ...Array.from(
          seeds,
          (_, row): uPlot.Series => ({ ...line, width, stroke: () => this.colours[row]! }),
        ),
        bound("upper"),
        bound("lower"),
        { ...line, width: 3.5, stroke: () => this.colours[this.hovered ?? 0] ?? "" },
        { ...line, width: 3.5, stroke: themeColour("ink") },
      ],
      hooks: {
        draw: [(chart) => nameAxis(chart, model.units || "y"), (chart) => this.nameBounds(chart)],
        setSeries: [(_, index) => this.hover(this.rowOf(index))],
        setCursor: [() => this.moveTip()],
      },
    };
  }

  private rowOf(series: number | null): number | null {
    const row = (series ?? 0) - 3;
    return row >= 0 && row < this.shown!.seeds.length ? row : null;
  }

  private colourOfSeries(series: number): string {
    const row = this.rowOf(series);
    return row === null ? themeColour("ink") : this.colours[row]!;
  }

  private hover(row: number | null): void {
    // The hovered curve is drawn once more on top, and is then the nearest: it stays what it is.
    if (row === this.hovered) return;
    this.hovered = row;
    this.chart?.setData(this.data(), false);
    this.chart?.redraw();
    this.moveTip();
  }

  private moveTip(): void {
    const { chart, shown, hovered } = this;
    const index = chart?.cursor.idx;
    this.tip.hidden = hovered === null || index === null || index === undefined;
    if (this.tip.hidden || !chart || !shown) return;
    const { model, seeds, span } = shown;
    const n = model.x_grid.length;
    const curve = shown.curves.subarray(hovered! * n, hovered! * n + n);
    const x = pointName(model, index!);
    const y = fixedNumber(curve[index!]!, span);
    const at = model.point_names.length ? x : `${model.x_name || "x"} ${x}`;
    const lines = [
      model.units ? `${at}, ${y} ${model.units}` : `${at}, y ${y}`,
      ...parameterTexts(model, curve),
    ];
    const title = document.createElement("strong");
    title.textContent = `seed ${properMinus(String(seeds[hovered!]))}`;
    this.tip.replaceChildren(title, lines.join(" · "));
    const left = chart.cursor.left!;
    const right = left > chart.over.clientWidth / 2;
    this.tip.style.left = right ? "" : `${left + 14}px`;
    this.tip.style.right = right ? `${chart.over.clientWidth - left + 14}px` : "";
    this.tip.style.top = `${Math.max(0, chart.cursor.top! - 52)}px`;
  }

  private nameBounds(chart: uPlot): void {
    const { upper_bound: upper, lower_bound: lower } = this.shown!.model;
    if (upper) this.nameBound(chart, "upper", upper, -1);
    if (lower) this.nameBound(chart, "lower", lower, 1);
  }

  /** Names a bound in the middle, `side` -1 above it or 1 below it along the whole name. */
  private nameBound(chart: uPlot, bound: string, values: number[], side: -1 | 1): void {
    const x = this.shown!.model.x_grid;
    const name = `${bound} bound`;
    const at = x.map((value) => chart.valToPos(value, "x", true));
    const middle = at[Math.floor(x.length / 2)]!;
    const half = textWidth(chart, name) / 2;
    const ends = [middle - half, middle, middle + half].map((place) => between(at, values, place));
    const covered = values.filter((_, i) => Math.abs(at[i]! - middle) < half);
    const heights = [...ends, ...covered].map((y) => side * chart.valToPos(y, "y", true));
    const y = side * (Math.max(...heights) + 14 * uPlot.pxRatio);
    write(chart, name, middle, y, themeColour(bound));
  }
}

/** Returns what the parameters of the family are in `curve`, float32 [n_points]. */
export function parameterTexts({ parameters }: Model, curve: Float32Array): string[] {
  return parameters.map((parameter) => {
    const [value] = valuesOf(parameter, curve);
    return `${parameter.name} = ${fixedNumber(value!, parameter.high - parameter.low)}`;
  });
}

/** Returns what a line through `values` at the places `at`, ascending, is at `place`. */
function between(at: number[], values: number[], place: number): number {
  const next = at.findIndex((other) => other >= place);
  if (next <= 0) return values.at(next)!;
  const part = (place - at[next - 1]!) / (at[next]! - at[next - 1]!);
  return values[next - 1]! + part * (values[next]! - values[next - 1]!);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
