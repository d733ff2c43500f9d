// The curves beside the server's own of the same seeds.
import type { Shown } from "../charts/curve_chart";
import { element } from "../panels/elements";
import { NotServed, ServerAway, serverCurves, TokenNeeded } from "../model/server";
import { tinyNumber } from "../text/numbers";

// One seed is one curve, in every runtime, to this part of what the curves span and this part of
// their largest value, which is what float32 can resolve: the promise.
const TOLERANCE = 1e-5;
const RESOLUTION = 4 * 2 ** -23;

export class Comparison {
  private asking = new AbortController();
  private due = false;

  /** Whether the server did not answer, so that it is to be asked again when it does. */
  get isDue(): boolean {
    return this.due;
  }

  /** Asks the server for the curves of the seeds that are shown, and tells the largest difference;
   * what was asked before is dropped. */
  async compare({ model, seeds, label, curves, span }: Shown): Promise<void> {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    // What is asked again and again shall not flicker.
    if (!this.due) tell("asking", "Comparing with the server …");
    this.due = false;
    try {
      const theirs = await serverCurves(model, seeds, label, signal);
      if (signal.aborted) return;
      const largest = largestDifference(theirs, curves);
      tell(
        largest <= TOLERANCE * span + RESOLUTION * largestSize(theirs) ? "agrees" : "differs",
        `Largest difference to the server’s curves: ${tinyNumber(largest)}`,
        largest,
      );
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NotServed) {
        tell("unknown", `The server has no version ${model.version} to compare with`);
      } else if (error instanceof ServerAway || error instanceof TokenNeeded) {
        this.tellUncompared();
      } else {
        throw error;
      }
    }
  }

  /** Says that there is no server to compare with. */
  tellUncompared(): void {
    this.due = true;
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
