// What is shown: the curves of some seeds, one of which is picked and may be moved.
import { Comparison } from "./comparison";
import { CurveChart, type Shown } from "../charts/curve_chart";
import { element, seedsField, setProblem } from "../panels/elements";
import { writeLink } from "../text/link";
import type { Model } from "../model/model";
import { LabelChoice } from "../panels/label_choice";
import { describeModel } from "../panels/model_panel";
import { DISTRIBUTION_SEEDS, ParametersPanel } from "../panels/parameters_panel";
import { PickedPanel } from "../panels/picked_panel";
import type { Runtime } from "../model/runtime";
import { noiseOf, SEED_RULE } from "../model/seed_rule";
import { spanOf } from "../text/numbers";
import { following, formatSeeds, preceding, seedsTitle } from "../text/seeds";

/** How many seeds "next" and "previous" go on by. */
const PAGE = 64;
// Browsers let a page change its address some three times a second, no more.
const LINK_MILLISECONDS = 500;

export class View {
  private readonly chart = new CurveChart(element("chart"), (row) => this.pick(row));
  private readonly parameters = new ParametersPanel();
  private readonly panel = new PickedPanel((noise) => void this.move(noise));
  private readonly comparison = new Comparison();
  private readonly labels = new LabelChoice();
  private runtime: Runtime | undefined;
  private shown: Shown | undefined;
  private picked = 0;
  /** The noise that was moved away from the picked seed's, float32 [n_noise]. */
  private moved: Float32Array | null = null;
  private linking = 0;
  /** Counts what was asked for, so that an answer that comes late is dropped. */
  private turn = 0;

  /** The model that computes, once there is one. */
  get model(): Model | undefined {
    return this.runtime?.model;
  }

  /** The curves that are drawn, if any are. */
  get drawn(): Readonly<Shown> | undefined {
    return this.shown;
  }

  /** Computes with `runtime` from now on. */
  use(runtime: Runtime): void {
    const before = this.runtime;
    this.runtime = runtime;
    void before?.release();
    describeModel(runtime.model);
    this.labels.describe(runtime.model);
    this.parameters.describe(runtime.model);
  }

  /** Chooses the label `name` for what is shown next, or the first one. Returns its name if there is
   * no label `name`, and null if there is, or if none is asked for. */
  choose(name: string | undefined): string | null {
    const isKnown = this.labels.choose(name ?? "");
    return isKnown || name === undefined ? null : (this.labels.name ?? "");
  }

  /** Shows the same seeds, and the curve that is picked, with the label that is chosen now. */
  async relabel(): Promise<void> {
    await this.showAgain();
    await this.drawDistributions();
  }

  /** Shows the curves of `seeds`, and picks one of them, with `noise` instead of its own. */
  async show(seeds: BigInt64Array, row = 0, noise: Float32Array | null = null): Promise<void> {
    if (!this.runtime) return;
    const mine = ++this.turn;
    const began = performance.now();
    const { model } = this.runtime;
    const label = this.labels.index;
    const curves = await this.runtime.curvesOfSeeds(seeds, label);
    if (mine !== this.turn) return;
    this.shown = { model, seeds, label, curves, span: spanOf(curves) };
    this.picked = row;
    this.moved = null;
    this.chart.show(this.shown, this.curveOf(row));
    await Promise.resolve(); // The chart draws in a microtask.
    performance.measure("redraw", { start: began });
    this.title(seeds);
    if (model === this.model) this.parameters.mark(curves);
    this.panel.setNoise(this.noiseOfPicked());
    if (noise) {
      this.panel.setNoise(noise);
      await this.move(noise);
    } else {
      this.describe(this.curveOf(row));
    }
    this.compare();
  }

  /** Drops what was asked for and has not come. */
  forget(): void {
    this.turn++;
  }

  /** Shows the same seeds with the model that computes now. */
  async showAgain(): Promise<void> {
    if (this.shown) await this.show(this.shown.seeds, this.picked);
  }

  /** Shows the seeds after the last ones (`by` 1) or before the first (`by` -1). */
  async turnPage(by: 1 | -1): Promise<void> {
    const others = this.otherSeeds(by);
    if (others) await this.show(others);
  }

  /** Picks a curve that is drawn. */
  pick(row = this.picked): void {
    if (!this.shown) return;
    this.picked = row;
    this.moved = null;
    this.chart.pick(this.curveOf(row));
    this.panel.setNoise(this.noiseOfPicked());
    this.describe(this.curveOf(row));
  }

  /** Picks the seed `by` further; beyond the last one shown, the next ones come. Returns whether
   * there was one. */
  async step(by: 1 | -1): Promise<boolean> {
    if (!this.shown) return false;
    const row = this.picked + by;
    if (row >= 0 && row < this.shown.seeds.length) {
      this.pick(row);
      return true;
    }
    const others = this.otherSeeds(by);
    if (others) await this.show(others, by > 0 ? 0 : others.length - 1);
    return others !== null;
  }

  /** Draws how the parameters of the family are distributed, where it has any. */
  async drawDistributions(): Promise<void> {
    const { runtime } = this;
    if (!runtime?.model.parameters.length) return;
    const seeds = BigInt64Array.from({ length: DISTRIBUTION_SEEDS }, (_, i) => BigInt(i));
    const label = this.labels.index;
    const curves = await runtime.curvesOfSeeds(seeds, label);
    if (runtime === this.runtime && label === this.labels.index) this.parameters.show(curves);
  }

  /** Draws all anew, in the colours of the style sheet as they are now. */
  rebuild(): void {
    this.chart.build();
    this.parameters.build();
  }

  /** Asks the server for the same curves if it did not answer before. */
  compareAgain(): void {
    if (this.comparison.isDue) this.compare();
  }

  /** Says that there is no server to compare with. */
  tellUncompared(): void {
    if (this.shown) this.comparison.tellUncompared();
  }

  /** Writes what is shown into the address. */
  keepLink(): void {
    clearTimeout(this.linking);
    this.linking = 0;
    if (!this.shown) return;
    const { model, seeds, label } = this.shown;
    const link = writeLink({
      seeds: formatSeeds(seeds),
      label: label === null ? undefined : model.labels[label],
      pick: seeds[this.picked]!,
      version: model.version,
      noise: this.moved,
    });
    history.replaceState(null, "", link);
  }

  private compare(): void {
    if (this.shown) void this.comparison.compare(this.shown);
  }

  private async move(noise: Float32Array): Promise<void> {
    // The curves of a version that is about to be replaced are no longer moved.
    if (!this.shown || this.runtime?.model !== this.shown.model) return;
    this.moved = noise;
    const curve = await this.runtime.curveOfNoise(noise, this.shown.label);
    // By now it may be elsewhere.
    if (this.moved !== noise) return;
    this.chart.pick(curve);
    this.describe(curve);
  }

  private describe(curve: Float32Array): void {
    const { seeds } = this.shown!;
    this.panel.describe(this.shown!, seeds[this.picked]!, curve, this.moved !== null);
    this.linking ||= setTimeout(() => this.keepLink(), LINK_MILLISECONDS);
  }

  private title(seeds: BigInt64Array): void {
    seedsField.value = formatSeeds(seeds);
    setProblem(seedsField, "");
    element("curves-title").textContent = seedsTitle(seeds);
    element<HTMLButtonElement>("previous").disabled = this.otherSeeds(-1) === null;
    element<HTMLButtonElement>("next").disabled = this.otherSeeds(1) === null;
  }

  private otherSeeds(by: 1 | -1): BigInt64Array | null {
    if (!this.shown) return null;
    return by > 0 ? following(this.shown.seeds, PAGE) : preceding(this.shown.seeds, PAGE);
  }

  private curveOf(row: number): Float32Array {
    const n = this.shown!.model.x_grid.length;
    return this.shown!.curves.subarray(row * n, row * n + n);
  }

  private noiseOfPicked(): Float32Array {
    const { model, seeds } = this.shown!;
    if (model.seed_rule !== SEED_RULE) return new Float32Array(model.n_noise);
    return noiseOf(seeds[this.picked]!, model.n_noise);
  }
}
