// Whether the server answers, and with which model; asked again and again while the page is seen.
import type { Model } from "../model/model";
import { fetchModel, ServerAway, TokenNeeded } from "../model/server";

const EVERY = 2000;

export type News =
  | { state: "answers"; model: Model }
  | { state: "away" }
  | { state: "locked"; refused: boolean };

/** Returns what it means that the server could not be asked. */
export function newsOf(error: ServerAway | TokenNeeded): News {
  return error instanceof TokenNeeded
    ? { state: "locked", refused: error.sent }
    : { state: "away" };
}

/** Tells `hear` what the server is like, now and whenever it was asked again. */
export function watch(hear: (news: News) => void): { ask: () => void } {
  let timer = 0;
  let asking = false;
  /** Whether it was asked for meanwhile: that may be another question, with another token. */
  let due = false;

  async function ask(): Promise<void> {
    if (asking) {
      due = true;
      return;
    }
    asking = true;
    clearTimeout(timer);
    try {
      hear({ state: "answers", model: await fetchModel() });
    } catch (error) {
      if (!(error instanceof ServerAway || error instanceof TokenNeeded)) throw error;
      hear(newsOf(error));
    } finally {
      asking = false;
      if (due) {
        due = false;
        void ask();
      } else if (!document.hidden) {
        timer = setTimeout(ask, EVERY);
      }
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void ask();
  });
  timer = setTimeout(ask, EVERY);
  return { ask: () => void ask() };
}
