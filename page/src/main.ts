// The page: what is shown, and what happens when something is asked for.
import { onThemeChange } from "./colours";
import { csvOf } from "./csv";
import { CurveChart, type Shown } from "./curve_chart";
import { element, seedsField, setProblem, term, tokenField } from "./elements";
import { Histogram } from "./histogram";
import { readLink, writeLink } from "./link";
import { fitA, isQuadratics, isSame, type Model } from "./model";
import { loadLibrary, Runtime } from "./runtime";
import { noiseOf, SEED_RULE } from "./seed_rule";
import { following, formatSeeds, InputError, parseSeeds, preceding } from "./seeds";
import * as server from "./server";
import { Sliders } from "./sliders";
import { quality, shortNumber, tinyNumber } from "./text";
import { type News, watch } from "./watch";

const PAGE = 64;
const DEFAULT_SEEDS = "0-63";
const STEP_MILLISECONDS = 250;
// Browsers let a page change its address some three times a second, no more.
const LINK_MILLISECONDS = 500;
// One seed is one curve, in every runtime, to this: the project's promise.
const TOLERANCE = 1e-5;
const MANY = 10_000;

const chart = new CurveChart(element("chart"), (row) => void pick(row));
const histogram = new Histogram(element("histogram"));
const sliders = new Sliders(element("sliders"), (noise) => void move(noise));

let runtime: Runtime | undefined;
let shown: Shown | undefined;
let picked = 0;
/** The noise that was moved away from the picked seed's, float32 [n_noise]. */
let moved: Float32Array | null = null;
let served: Model | undefined;
let walking = 0;
let linking = 0;
/** Whether the models are being loaded, or can't be by this browser. */
let starting = false;
let comparison = new AbortController();
/** Counts what was asked for, so that an answer that comes late is dropped. */
let turn = 0;

// What is shown --------------------------------------------------------------------------------

/** Shows the curves of `seeds`, and picks one of them. */
async function show(seeds: BigInt64Array, row = 0, noise: Float32Array | null = null) {
  if (!runtime) return;
  const mine = ++turn;
  const began = performance.now();
  const { model } = runtime;
  const curves = await runtime.curvesOfSeeds(seeds);
  if (mine !== turn) return;
  shown = { model, seeds, curves };
  picked = row;
  moved = null;
  chart.show(shown, curveOf(row));
  await Promise.resolve(); // The chart draws in a microtask.
  performance.measure("redraw", { start: began });
  seedsField.value = formatSeeds(seeds);
  setProblem(seedsField, "");
  const count = seeds.length === 1 ? "1 curve" : `${seeds.length.toLocaleString("en")} curves`;
  element("curves-title").textContent = `${count}, ${seedsTitle(seeds)}`;
  element<HTMLButtonElement>("previous").disabled = preceding(seeds, PAGE) === null;
  element<HTMLButtonElement>("next").disabled = following(seeds, PAGE) === null;
  if (isQuadratics(model)) histogram.mark(fitA(curves, model.x_grid));
  sliders.set(noiseOfPicked());
  if (noise) {
    sliders.set(noise);
    await move(noise);
  } else {
    describePicked(curveOf(row));
  }
  void compare();
}

function seedsTitle(seeds: BigInt64Array): string {
  const text = formatSeeds(seeds);
  const run = /^(-?\d+)-(-?\d+)$/.exec(text);
  if (run) return `seeds ${minus(run[1]!)} to ${minus(run[2]!)}`;
  const name = seeds.length === 1 ? "seed" : "seeds";
  return text.length <= 44 ? `${name} ${minus(text)}` : `${name} of a list`;
}

function minus(text: string): string {
  return text.replaceAll(/(?<!\d)-/g, "−");
}

function curveOf(row: number): Float32Array {
  const n = shown!.model.x_grid.length;
  return shown!.curves.subarray(row * n, row * n + n);
}

function noiseOfPicked(): Float32Array {
  const { model, seeds } = shown!;
  if (model.seed_rule !== SEED_RULE) return new Float32Array(model.n_noise);
  return noiseOf(seeds[picked]!, model.n_noise);
}

/** Says all that is known of the curve that is picked, which may be moved. */
function describePicked(curve: Float32Array): void {
  const { model, seeds } = shown!;
  const seed = minus(String(seeds[picked]));
  element("pick").textContent = moved ? `Seed ${seed}, moved` : `Seed ${seed}`;
  element<HTMLButtonElement>("reset").disabled = moved === null;
  element("facts").textContent = facts(model, curve);
  element("values").replaceChildren(
    ...model.x_grid.map((x, i) => {
      const row = document.createElement("tr");
      for (const value of [x, curve[i]!]) {
        const cell = document.createElement("td");
        cell.textContent = value.toFixed(5).replace("-", "−");
        row.append(cell);
      }
      return row;
    }),
  );
  linking ||= setTimeout(keepLink, LINK_MILLISECONDS);
}

/** Writes what is shown into the address. */
function keepLink(): void {
  clearTimeout(linking);
  linking = 0;
  const { model, seeds } = shown!;
  const link = writeLink({
    seeds: formatSeeds(seeds),
    pick: seeds[picked]!,
    version: model.version,
    noise: moved,
  });
  history.replaceState(null, "", link);
}

function facts(model: Model, curve: Float32Array): string {
  const said: string[] = [];
  if (isQuadratics(model)) said.push(`a = ${shortNumber(fitA(curve, model.x_grid)[0]!)}`);
  const { lower_bound: lower, upper_bound: upper } = model;
  if (lower && upper) {
    const inside = curve.every((y, i) => y >= lower[i]! - 0.001 && y <= upper[i]! + 0.001);
    said.push(inside ? "within the bounds" : "outside the bounds");
  }
  return said.join(" · ");
}

function describeModel(model: Model): void {
  const { version, recipe, training_seed, x_grid, n_noise } = model;
  element("model").replaceChildren(
    ...term("Version", String(version)),
    ...term("Recipe", `${recipe}, seed ${training_seed}`),
    ...term("Family", model.family),
    ...term("Noise → points", `${n_noise} → ${x_grid.length}`),
    ...Object.entries(model.quality).flatMap(([name, value]) => term(...quality(name, value))),
    ...term("Sampler’s SHA-256", `${model.sampler_sha256.slice(0, 12)}…`),
  );
}

async function drawHistogram(): Promise<void> {
  const { model } = runtime!;
  element("parameters").hidden = !isQuadratics(model);
  if (!isQuadratics(model)) return;
  const curves = await runtime!.curvesOfSeeds(BigInt64Array.from({ length: MANY }, (_, i) => BigInt(i)));
  histogram.show(fitA(curves, model.x_grid));
  if (shown) histogram.mark(fitA(shown.curves, model.x_grid));
}

// What can be asked for ------------------------------------------------------------------------

async function pick(row: number): Promise<void> {
  if (!shown) return;
  picked = row;
  moved = null;
  chart.pick(curveOf(row));
  sliders.set(noiseOfPicked());
  describePicked(curveOf(row));
}

async function move(noise: Float32Array): Promise<void> {
  if (!runtime || !shown) return;
  moved = noise;
  const curve = await runtime.curveOfNoise(noise);
  // By now it may be elsewhere.
  if (moved !== noise) return;
  chart.pick(curve);
  describePicked(curve);
}

/** Picks the seed `by` further; beyond the last one shown, the next ones come. */
async function step(by: 1 | -1): Promise<void> {
  if (!shown) return;
  const row = picked + by;
  if (row >= 0 && row < shown.seeds.length) return pick(row);
  const others = by > 0 ? following(shown.seeds, PAGE) : preceding(shown.seeds, PAGE);
  if (others) await show(others, by > 0 ? 0 : others.length - 1);
  else stopWalking();
}

function stopWalking(): void {
  clearInterval(walking);
  walking = 0;
  element("walk").ariaPressed = "false";
}

function toggleWalk(): void {
  if (walking) return stopWalking();
  walking = setInterval(() => void step(1), STEP_MILLISECONDS);
  element("walk").ariaPressed = "true";
}

async function draw(text: string): Promise<void> {
  stopWalking();
  try {
    await show(parseSeeds(text));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    setProblem(seedsField, error.message);
    seedsField.focus();
  }
}

function download(): void {
  if (!shown) return;
  const { seeds, curves, model } = shown;
  const link = document.createElement("a");
  const file = new Blob([csvOf(seeds, curves, model.x_grid)], { type: "text/csv" });
  link.href = URL.createObjectURL(file);
  link.download = `curves-version-${model.version}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function copyLink(): Promise<void> {
  if (!shown) return;
  keepLink();
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "It’s in the address bar";
  }
  setTimeout(() => (button.textContent = "Copy link"), 2000);
}

// The server -----------------------------------------------------------------------------------

/** Asks the server for the same curves, and shows the largest difference. */
async function compare(): Promise<void> {
  comparison.abort();
  comparison = new AbortController();
  const { signal } = comparison;
  const { seeds, curves, model } = shown!;
  try {
    const theirs = await server.serverCurves(model.version, seeds, signal);
    if (signal.aborted) return;
    let largest = theirs.length === curves.length ? 0 : Infinity;
    theirs.forEach((y, i) => (largest = Math.max(largest, Math.abs(y - curves[i]!))));
    const agrees = largest <= TOLERANCE;
    tellDifference(
      agrees ? "agrees" : "differs",
      `Largest difference to the server’s curves: ${tinyNumber(largest)}`,
      largest,
    );
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof server.NotServed) {
      tellDifference("unknown", `The server has no version ${model.version} to compare with`);
    } else if (error instanceof server.ServerAway || error instanceof server.TokenNeeded) {
      tellDifference("unknown", "Not compared with the server");
      watcher.ask();
    } else {
      throw error;
    }
  }
}

function tellDifference(state: string, text: string, value?: number): void {
  const place = element("difference");
  place.textContent = text;
  place.dataset.state = state;
  place.dataset.value = value === undefined ? "" : String(value);
}

function tellServer(state: string, text: string): void {
  const place = element("server");
  if (place.dataset.state === state && place.textContent === text) return;
  place.dataset.state = state;
  place.textContent = text;
}

function tellNotice(text: string, offer?: Model): void {
  element("notice").hidden = text === "";
  element("notice-text").textContent = text;
  const button = element("show-version");
  button.hidden = offer === undefined;
  button.textContent = offer ? `Show version ${offer.version}` : "";
}

function hear(news: News): void {
  const before = element("server").dataset.state;
  element("work").hidden = !runtime && news.state !== "answers";
  element("access").hidden = news.state !== "locked";
  if (news.state === "away") {
    const goesOn = shown ? "This page goes on without it." : "Trying again …";
    tellServer("away", `The server does not answer. ${goesOn}`);
    if (shown) tellDifference("unknown", "Not compared with the server");
    return;
  }
  if (news.state === "locked") {
    tellServer("locked", "The server asks for a token.");
    if (server.hasToken()) setProblem(tokenField, "The server does not take this token.");
    return;
  }
  served = news.model;
  tellServer("answers", `The server answers with version ${served.version}`);
  if (!runtime) {
    if (!starting) void start();
    return;
  }
  if (!isSame(runtime.model, served)) {
    const mine = runtime.model.version;
    tellNotice(
      served.version === mine
        ? `The server now has other files for version ${mine} than those that are shown.`
        : `The server now serves version ${served.version}; these are curves of version ${mine}.`,
      served,
    );
  } else if (element("show-version").hidden === false) {
    tellNotice("");
  }
  if (before === "away" || before === "locked") void compare();
}

/** Loads the models of a version; what was asked for is then shown with it. */
async function use(model: Model): Promise<void> {
  const before = runtime;
  runtime = await Runtime.of(model);
  void before?.release();
  describeModel(model);
}

async function showServed(): Promise<void> {
  if (!served || !shown) return;
  const { seeds } = shown;
  try {
    await use(served);
  } catch (error) {
    if (!(error instanceof server.ServerAway)) throw error;
    return watcher.ask();
  }
  tellNotice("");
  await show(seeds, picked);
  await drawHistogram();
}

/** Shows what the address asks for, or the first seeds of the version that is served. */
async function start(): Promise<void> {
  starting = true;
  const link = readLink(location.hash);
  try {
    await use(await modelFor(link.version));
  } catch (error) {
    if (error instanceof server.TokenNeeded || error instanceof server.ServerAway) {
      starting = false;
      return hear({ state: error instanceof server.TokenNeeded ? "locked" : "away" });
    }
    tellNotice("This browser can’t compute the curves: it needs WebAssembly with SIMD.");
    throw error;
  }
  starting = false;
  element("work").hidden = false;
  await showLink();
  performance.mark("first drawing");
  watcher.ask();
  await drawHistogram();
}

async function modelFor(version: number | undefined): Promise<Model> {
  if (version === undefined) return server.fetchModel();
  try {
    return await server.fetchModel(version);
  } catch (error) {
    if (!(error instanceof server.NotServed)) throw error;
    const model = await server.fetchModel();
    tellNotice(
      `The link was made with version ${version}, which is not served now; ` +
        `these are curves of version ${model.version}.`,
    );
    return model;
  }
}

async function showLink(): Promise<void> {
  const link = readLink(location.hash);
  let seeds = parseSeeds(DEFAULT_SEEDS);
  let problem = "";
  try {
    if (link.seeds !== undefined) seeds = parseSeeds(link.seeds);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problem = error.message;
  }
  const row = link.pick === undefined ? 0 : Math.max(0, seeds.indexOf(link.pick));
  const fits = link.noise?.length === runtime!.model.n_noise;
  await show(seeds, row, fits ? Float32Array.from(link.noise!) : null);
  if (problem) {
    seedsField.value = link.seeds!;
    setProblem(seedsField, problem);
  }
}

// From here on it runs -------------------------------------------------------------------------

element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  void draw(seedsField.value);
});
element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  server.keepToken(tokenField.value.trim());
  tokenField.value = "";
  setProblem(tokenField, "");
  watcher.ask();
});
element("next").addEventListener("click", () => {
  const others = shown && following(shown.seeds, PAGE);
  if (others) void show(others);
});
element("previous").addEventListener("click", () => {
  const others = shown && preceding(shown.seeds, PAGE);
  if (others) void show(others);
});
element("back").addEventListener("click", () => void step(-1));
element("forth").addEventListener("click", () => void step(1));
element("walk").addEventListener("click", toggleWalk);
element("reset").addEventListener("click", () => void pick(picked));
element("csv").addEventListener("click", download);
element("copy").addEventListener("click", () => void copyLink());
element("show-version").addEventListener("click", () => void showServed());
addEventListener("hashchange", () => {
  if (!runtime || starting) return;
  const { version } = readLink(location.hash);
  void (version === undefined || version === runtime.model.version ? showLink() : start());
});
onThemeChange(() => {
  chart.build();
  histogram.build();
});

const watcher = watch(hear);
void loadLibrary();
void start();
