// What both charts have in common.
import uPlot from "uplot";
import { themeColour } from "./colours";
import { properMinus } from "../text/text";

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export function axis(options: uPlot.Axis): uPlot.Axis {
  const rule = { stroke: themeColour("rule"), width: 1 };
  return {
    stroke: themeColour("muted"),
    font: FONT,
    grid: rule,
    ticks: { ...rule, size: 4 },
    gap: 6,
    labelFont: FONT,
    values: (_, splits) => splits.map((value) => (value === null ? "" : tick(value))),
    ...options,
  };
}

function tick(value: number): string {
  return properMinus(String(Number(value.toPrecision(6))));
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
  ctx.font = FONT.replace("12px", `${weight} ${12 * uPlot.pxRatio}px`);
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
