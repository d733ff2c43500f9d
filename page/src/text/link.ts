// What a link says: the part behind the #, which reproduces what is shown.
import { nineDigits } from "./csv";

export interface Link {
  seeds?: string | undefined;
  label?: string | undefined;
  pick?: bigint | undefined;
  version?: number | undefined;
  noise?: number[] | undefined;
}

/** Returns what the address's fragment says; what it says wrongly is left out, but for the seeds,
 * which the page judges. */
export function readLink(fragment: string): Link {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  const pick = said.get("pick");
  const version = said.get("version");
  const noise = said.get("noise")?.split(",").map((z) => (z.trim() ? Number(z) : NaN));
  return {
    seeds: said.get("seeds") ?? undefined,
    label: said.get("label") ?? undefined,
    pick: pick !== null && /^-?\d{1,19}$/.test(pick) ? BigInt(pick) : undefined,
    version: version !== null && /^[1-9]\d{0,14}$/.test(version) ? Number(version) : undefined,
    noise: noise?.every((z) => Number.isFinite(z) && Math.abs(z) <= 10) ? noise : undefined,
  };
}

export function writeLink(link: {
  seeds: string;
  label: string | undefined;
  pick: bigint;
  version: number;
  noise: Float32Array | null;
}): string {
  const parts = [
    `seeds=${link.seeds.replaceAll(" ", "")}`,
    `pick=${link.pick}`,
    `version=${link.version}`,
  ];
  if (link.label !== undefined) parts.splice(1, 0, `label=${encodeURIComponent(link.label)}`);
  if (link.noise) parts.push(`noise=${Array.from(link.noise, nineDigits).join(",")}`);
  return `#${parts.join("&")}`;
}

