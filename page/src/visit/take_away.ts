// What can be taken away: the curves as a file, the address as a link.
import { csvOf } from "../text/csv";
import type { Shown } from "../charts/curve_chart";
import { element } from "../panels/elements";

const COPIED_MILLISECONDS = 2000;

/** Saves the curves as a CSV file. */
export function downloadCsv({ model, seeds, label, curves }: Shown): void {
  const link = document.createElement("a");
  const file = new Blob([csvOf(model, seeds, label, curves)], { type: "text/csv" });
  link.href = URL.createObjectURL(file);
  link.download = `curves-version-${model.version}.csv`;
  link.click();
  // Not at once: the browser may not have begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Copies the address, where the browser lets the page do so. */
export async function copyLink(): Promise<void> {
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "It’s in the address bar";
  }
  setTimeout(() => (button.textContent = "Copy link"), COPIED_MILLISECONDS);
}
