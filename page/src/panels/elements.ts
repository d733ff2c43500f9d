// The elements of index.html, each by its id.

export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

export const seedsField = element<HTMLInputElement>("seeds");
export const tokenField = element<HTMLInputElement>("token");

/** Names what is wrong with a field's text, beside it; nothing, if nothing is. */
export function setProblem(field: HTMLInputElement, problem: string): void {
  field.setAttribute("aria-invalid", String(problem !== ""));
  element(`${field.id}-error`).textContent = problem;
}
