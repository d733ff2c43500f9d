// Whether the server answers, and with which model; asked again and again while the page is seen.
import type { Model } from "./model";
import { fetchModel, ServerAway, TokenNeeded } from "./server";

const EVERY = 2000;

export type News =
  | { state: "answers"; model: Model }
  | { state: "away" }
  | { state: "locked" };

/** Tells `hear` what the server is like, now and whenever it was asked again. */
export function watch(hear: (news: News) => void): { ask: () => void } {
  let timer = 0;
  let asking = false;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      hear({ state: "answers", model: await fetchModel() });
    } catch (error) {
      if (!(error instanceof ServerAway || error instanceof TokenNeeded)) throw error;
      hear({ state: error instanceof TokenNeeded ? "locked" : "away" });
    } finally {
      asking = false;
      if (!document.hidden) timer = setTimeout(ask, EVERY);
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void ask();
  });
  timer = setTimeout(ask, EVERY);
  return { ask: () => void ask() };
}
