// The choice of a label, for models whose curves are of one class or another.
import type { Model } from "../model/model";
import { element, made } from "./elements";

export class LabelChoice {
  private readonly field = element<HTMLSelectElement>("label");

  /** Offers the labels of `model`. What was chosen before stays, if there is a label of that name;
   * else it is the first. */
  describe({ labels }: Model): void {
    const before = this.name;
    element("choice").hidden = labels.length === 0;
    this.field.replaceChildren(...labels.map((name, i) => made("option", { value: String(i), textContent: name })));
    this.choose(before ?? "");
  }

  /** Chooses the label `name`, or the first one if there is none of that name. Returns whether there
   * was one. */
  choose(name: string): boolean {
    const options = Array.from(this.field.options);
    const found = options.findIndex(({ textContent }) => textContent === name);
    this.field.selectedIndex = options.length ? Math.max(0, found) : -1;
    return found >= 0;
  }

  /** The name of what is chosen; undefined of a model without labels. */
  get name(): string | undefined {
    return this.field.selectedOptions[0]?.textContent ?? undefined;
  }

  /** The index of what is chosen; null of a model without labels. */
  get index(): number | null {
    const { selectedIndex } = this.field;
    return selectedIndex < 0 ? null : selectedIndex;
  }
}
