// What both charts have in common.
import uPlot from "uplot";
import type { Model } from "../model/model";
import { themeColour } from "./colours";
import { properMinus } from "../text/numbers";

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

// Between an axis and its labels, and how wide a digit of them is at most, in pixels.
const [GAP, TICK, CHARACTER] = [6, 4, 7.7];

export function axis(options: uPlot.Axis): uPlot.Axis {
  const rule = { stroke: themeColour("rule"), width: 1 };
  return {
    stroke: themeColour("muted"),
    font: FONT,
    grid: rule,
    ticks: { ...rule, size: TICK },
    gap: GAP,
    labelFont: FONT,
    values: (_, splits) => splits.map((value) => (value === null ? "" : tick(value))),
    ...options,
  };
}

/** Returns the size of an axis on the left: `least`, or more where its longest label needs it with
 * `beside` pixels to its left. */
export function sizeFor(least: number, beside = 0): uPlot.Axis.Size {
  return (_, labels) => {
    const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
    return Math.max(least, beside + GAP + TICK + CHARACTER * longest);
  };
}

/** Returns the part of an x axis that has names for its points, as many as there is room for. */
export function namedPoints({ point_names: names, x_grid: x }: Model): uPlot.Axis {
  if (!names.length) return {};
  const longest = Math.max(...names.map((name) => name.length));
  const room = CHARACTER * longest + 16;
  return {
    splits: (chart) => {
      const most = Math.max(1, Math.floor(chart.bbox.width / uPlot.pxRatio / room));
      const every = Math.ceil(x.length / most);
      return x.filter((_, i) => i % every === 0);
    },
    values: (_, splits) => splits.map((value) => names[x.indexOf(value)] ?? ""),
  };
}

/** Names the y axis: upright where there is room for it, which is how one letter is read. */
export function nameAxis(chart: uPlot, name: string): void {
  const { top, height } = chart.bbox;
  const { ctx } = chart;
  ctx.save();
  ctx.translate(10 * uPlot.pxRatio, top + height / 2);
  if (name.length > 2) ctx.rotate(-Math.PI / 2);
  write(chart, name, 0, 0, themeColour("muted"), { weight: 400 });
  ctx.restore();
}

function tick(value: number): string {
  return properMinus(String(Number(value.toPrecision(6))));
}

/** Returns how wide `write` writes `text`, in the pixels of the chart's canvas. */
export function textWidth({ ctx }: uPlot, text: string): number {
  ctx.save();
  ctx.font = fontOf(600);
  const { width } = ctx.measureText(text);
  ctx.restore();
  return width;
}

function fontOf(weight: number): string {
  return FONT.replace("12px", `${weight} ${12 * uPlot.pxRatio}px`);
}

/** Writes `text` on a chart's canvas, (x, y) in its pixels. */
export function write(
  chart: uPlot,
  text: string,
  x: number,
  y: number,
  colour: string,
  { align = "center" as CanvasTextAlign, weight = 600 } = {},
): void {
  const { ctx } = chart;
  ctx.save();
  ctx.font = fontOf(weight);
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  // A rim in the paper's colour, so that it can be read across lines.
  ctx.lineWidth = 4 * uPlot.pxRatio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = themeColour("paper");
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
  ctx.restore();
}
