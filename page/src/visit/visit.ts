// A visit to the server: which version is shown, what it says meanwhile, and what comes of it.
import { element, seedsField, setProblem, tokenField } from "../panels/elements";
import { readLink } from "../text/link";
import { isSame, type Model } from "../model/model";
import { CannotCompute, Runtime } from "../model/runtime";
import { InputError, parseSeeds } from "../text/seeds";
import { fetchModel, isToken, keepToken, NotServed, ServerAway, TokenNeeded } from "../model/server";
import { View } from "./view";
import { type News, newsOf, watch } from "./watch";

const DEFAULT_SEEDS = "0-63";

export class Visit {
  readonly view = new View();
  private readonly watcher = watch((news) => this.hear(news));
  private served: Model | undefined;
  /** Whether the models are being loaded, or can't be by this browser. */
  private starting = false;

  /** Shows what the address asks for, or the first seeds of the version that is served. */
  async start(): Promise<void> {
    this.starting = true;
    tellNotice("");
    const link = readLink(location.hash);
    try {
      this.view.use(await Runtime.of(await modelFor(link.version)));
    } catch (error) {
      if (error instanceof CannotCompute) {
        tellNotice(
          "The curves can’t be computed here: that takes a browser whose WebAssembly has SIMD. " +
            "If this one has it, load the page again.",
        );
        throw error;
      }
      this.starting = false;
      return this.hear(newsOf(absence(error)));
    }
    this.starting = false;
    element("work").hidden = false;
    await this.showLink();
    performance.mark("first drawing");
    this.watcher.ask();
    await this.view.drawDistributions();
  }

  /** Shows what the address asks for now. */
  async follow(): Promise<void> {
    const { model } = this.view;
    if (!model || this.starting) return;
    const { version } = readLink(location.hash);
    tellNotice("");
    await (version === undefined || version === model.version ? this.showLink() : this.start());
  }

  /** Goes over to the version that is served. */
  async showServed(): Promise<void> {
    if (!this.served || this.starting) return;
    this.starting = true;
    try {
      this.view.use(await Runtime.of(this.served));
    } catch (error) {
      absence(error);
      return this.watcher.ask();
    } finally {
      this.starting = false;
    }
    tellNotice("");
    await this.view.showAgain();
    await this.view.drawDistributions();
  }

  /** Comes again with another token. */
  enter(token: string): void {
    if (!isToken(token)) {
      setProblem(tokenField, "Enter a token: ASCII characters without blanks.");
      return tokenField.focus();
    }
    keepToken(token);
    setProblem(tokenField, "");
    this.watcher.ask();
  }

  private hear(news: News): void {
    const { view } = this;
    element("work").hidden = !view.model && news.state !== "answers";
    element("access").hidden = news.state !== "locked";
    if (news.state === "away") {
      const goesOn = view.drawn ? "This page goes on without it." : "Trying again …";
      tellServer("away", `The server does not answer. ${goesOn}`);
      return view.tellUncompared();
    }
    if (news.state === "locked") {
      tellServer("locked", "The server asks for a token.");
      if (news.refused) setProblem(tokenField, "The server does not take this token.");
      return;
    }
    this.served = news.model;
    tellServer("answers", `The server answers with version ${news.model.version}`);
    if (!view.model) {
      if (!this.starting) void this.start();
      return;
    }
    offer(view.model, news.model);
    view.compareAgain();
  }

  private async showLink(): Promise<void> {
    const link = readLink(location.hash);
    let seeds = parseSeeds(DEFAULT_SEEDS);
    let problem = "";
    const instead = this.view.choose(link.label);
    if (instead !== null) tellUnknownLabel(link.label!, instead);
    try {
      if (link.seeds !== undefined) seeds = parseSeeds(link.seeds);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problem = error.message;
    }
    const row = link.pick === undefined ? 0 : Math.max(0, seeds.indexOf(link.pick));
    const fits = link.noise?.length === this.view.model?.n_noise;
    await this.view.show(seeds, row, fits && link.noise ? Float32Array.from(link.noise) : null);
    if (problem) {
      seedsField.value = link.seeds!;
      setProblem(seedsField, problem);
    }
  }
}

function tellUnknownLabel(name: string, instead: string): void {
  tellNotice(
    `The link asks for the label “${name}”, which this version does not know; ` +
      (instead ? `these are curves of “${instead}”.` : "its curves have no labels."),
  );
}

/** Returns the model of `version`, or the one that is served if there is no such version. */
async function modelFor(version: number | undefined): Promise<Model> {
  if (version === undefined) return fetchModel();
  try {
    return await fetchModel(version);
  } catch (error) {
    if (!(error instanceof NotServed)) throw error;
    const model = await fetchModel();
    tellNotice(
      `The link was made with version ${version}, which is not served now; ` +
        `these are curves of version ${model.version}.`,
    );
    return model;
  }
}

/** Returns an error that says that the server, or what was asked of it, is not there now. Throws
 * any other. */
function absence(error: unknown): ServerAway | TokenNeeded {
  if (error instanceof ServerAway || error instanceof TokenNeeded) return error;
  if (error instanceof NotServed) return new ServerAway("the version went away meanwhile");
  throw error;
}

/** Offers the version that is served, if it is another than the one that is shown. */
function offer(mine: Model, served: Model): void {
  if (!isSame(mine, served)) {
    tellNotice(
      served.version === mine.version
        ? `The server now has other files for version ${mine.version} than those that are shown.`
        : `The server now serves version ${served.version}; ` +
            `these are curves of version ${mine.version}.`,
      served,
    );
  } else if (!element("show-version").hidden) {
    tellNotice("");
  }
}

function tellServer(state: News["state"], text: string): void {
  const place = element("server");
  if (place.dataset.state === state && place.textContent === text) return;
  place.dataset.state = state;
  place.textContent = text;
}

function tellNotice(text: string, version?: Model): void {
  element("notice").hidden = text === "";
  element("notice-text").textContent = text;
  const button = element("show-version");
  button.hidden = version === undefined;
  button.textContent = version ? `Show version ${version.version}` : "";
}
