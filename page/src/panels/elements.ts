// The elements of index.html, each by its id, and those that are made.

export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

/** Returns a new element with some of its properties set. */
export function made<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
): HTMLElementTagNameMap[Tag] {
  return Object.assign(document.createElement(tag), properties);
}

export const seedsField = element<HTMLInputElement>("seeds");
export const tokenField = element<HTMLInputElement>("token");

/** Names what is wrong with a field's text, beside it; nothing, if nothing is. */
export function setProblem(field: HTMLInputElement, problem: string): void {
  field.setAttribute("aria-invalid", String(problem !== ""));
  element(`${field.id}-error`).textContent = problem;
}
