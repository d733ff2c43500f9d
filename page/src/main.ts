// The page: what its buttons and fields do.
import { onThemeChange } from "./charts/colours";
import { element, seedsField, setProblem, tokenField } from "./panels/elements";
import { loadLibrary } from "./model/runtime";
import { InputError, parseSeeds } from "./text/seeds";
import { copyLink, downloadCsv } from "./visit/take_away";
import { Visit } from "./visit/visit";
import { Walk } from "./visit/walk";

const visit = new Visit();
const { view } = visit;
const walk = new Walk(() => view.step(1));

element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  walk.stop();
  try {
    void view.show(parseSeeds(seedsField.value));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    view.forget();
    setProblem(seedsField, error.message);
    seedsField.focus();
  }
});
seedsField.addEventListener("input", () => walk.stop());
element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = tokenField.value.trim();
  tokenField.value = "";
  visit.enter(token);
});
element("label").addEventListener("change", () => void view.relabel());
element("next").addEventListener("click", () => void view.turnPage(1));
element("previous").addEventListener("click", () => void view.turnPage(-1));
element("back").addEventListener("click", () => void view.step(-1));
element("forth").addEventListener("click", () => void view.step(1));
element("walk").addEventListener("click", () => walk.toggle());
element("reset").addEventListener("click", () => view.pick());
element("csv").addEventListener("click", () => {
  if (view.drawn) downloadCsv(view.drawn);
});
element("copy").addEventListener("click", () => {
  view.keepLink();
  void copyLink();
});
element("show-version").addEventListener("click", () => void visit.showServed());
addEventListener("hashchange", () => {
  walk.stop();
  void visit.follow();
});
onThemeChange(() => view.rebuild());

void loadLibrary().catch(() => undefined); // Whoever needs it asks again.
void visit.start();
