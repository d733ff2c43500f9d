// The curves beside the server's own of the same seeds.
import type { Shown } from "./curve_chart";
import { element } from "./elements";
import { NotServed, ServerAway, serverCurves, TokenNeeded } from "./server";
import { tinyNumber } from "./text";

// One seed is one curve, in every runtime, to this part of the largest value: the promise.
const TOLERANCE = 1e-5;

export class Comparison {
  private asking = new AbortController();

  /** `onUnanswered` is called when the server does not answer. */
  constructor(private readonly onUnanswered: () => void) {}

  /** Asks the server for the curves of the seeds that are shown, and tells the largest difference;
   * what was asked before is dropped. */
  async compare({ seeds, curves, model }: Shown): Promise<void> {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    tell("asking", "Comparing with the server …");
    try {
      const theirs = await serverCurves(model.version, seeds, signal);
      if (signal.aborted) return;
      const largest = largestDifference(theirs, curves);
      tell(
        largest <= TOLERANCE * Math.max(1, largestSize(theirs)) ? "agrees" : "differs",
        `Largest difference to the server’s curves: ${tinyNumber(largest)}`,
        largest,
      );
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NotServed) {
        tell("unknown", `The server has no version ${model.version} to compare with`);
      } else if (error instanceof ServerAway || error instanceof TokenNeeded) {
        this.tellUncompared();
        this.onUnanswered();
      } else {
        throw error;
      }
    }
  }

  /** Says that there is no server to compare with. */
  tellUncompared(): void {
    tell("unknown", "Not compared with the server");
  }
}

function largestDifference(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return NaN;
  return one.reduce((largest, y, i) => Math.max(largest, Math.abs(y - other[i]!)), 0);
}

function largestSize(curves: Float32Array): number {
  return curves.reduce((largest, y) => Math.max(largest, Math.abs(y)), 0);
}

function tell(state: "asking" | "agrees" | "differs" | "unknown", text: string, value?: number): void {
  const place = element("difference");
  place.textContent = text;
  place.dataset.state = state;
  place.dataset.value = value === undefined ? "" : String(value);
}
