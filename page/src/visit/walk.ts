// The walk through the seeds, one after the other.
import { element } from "../panels/elements";

const STEP_MILLISECONDS = 250;

export class Walk {
  private timer = 0;

  /** `step` goes on by one seed, and returns whether there was one. */
  constructor(private readonly step: () => Promise<boolean>) {}

  toggle(): void {
    if (this.timer) return this.stop();
    this.timer = setInterval(() => void this.goOn(), STEP_MILLISECONDS);
    element("walk").ariaPressed = "true";
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    element("walk").ariaPressed = "false";
  }

  private async goOn(): Promise<void> {
    if (!(await this.step())) this.stop();
  }
}
