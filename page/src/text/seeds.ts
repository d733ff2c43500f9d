// Seeds as people write them: `7`, `1, 5, 9`, `0-63`, or a mix. Any 64-bit integer is a seed.
import { properMinus } from "./numbers";

export const MIN_SEED = -(2n ** 63n);
export const MAX_SEED = 2n ** 63n - 1n;
/** More curves than this are a blot, not a picture. */
export const MAX_SHOWN = 1000;

const PART = /^\s*(-?\d{1,30})\s*(?:[-–]\s*(-?\d{1,30})\s*)?$/;

/** What is wrong with what was entered, and what to write instead. */
export class InputError extends Error {}

/** Returns the seeds of `text` in its order. Throws InputError if it is not seeds. */
export function parseSeeds(text: string): BigInt64Array {
  if (!text.trim()) throw new InputError("Write a seed, such as 7, or a range, such as 0-63.");
  const seeds: bigint[] = [];
  for (const part of text.split(",")) {
    const [first, last] = parsePart(part);
    if (BigInt(seeds.length) + last - first >= BigInt(MAX_SHOWN)) {
      throw new InputError(
        `The page draws at most ${MAX_SHOWN} curves. For more, use curvegan generate.`,
      );
    }
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  return BigInt64Array.from(seeds);
}

function parsePart(part: string): [bigint, bigint] {
  const match = PART.exec(part);
  if (!match?.[1]) {
    const shown = part.trim().slice(0, 40);
    throw new InputError(
      shown
        ? `“${shown}” is neither a seed nor a range of seeds. Write 7 or 1, 5, 9 or 0-63.`
        : "There is a comma without a seed beside it.",
    );
  }
  const first = BigInt(match[1]);
  const last = match[2] === undefined ? first : BigInt(match[2]);
  for (const seed of [first, last]) {
    if (seed < MIN_SEED || seed > MAX_SEED) {
      throw new InputError(`${seed} is not a 64-bit integer. Give ${MIN_SEED} to ${MAX_SEED}.`);
    }
  }
  if (last < first) throw new InputError(`Write ${last}-${first} rather than ${first}-${last}.`);
  return [first, last];
}

/** Returns the shortest text that `parseSeeds` reads as `seeds`. */
export function formatSeeds(seeds: BigInt64Array): string {
  const parts: string[] = [];
  for (let start = 0; start < seeds.length; ) {
    let end = start;
    while (end + 1 < seeds.length && seeds[end + 1] === seeds[end]! + 1n) end++;
    if (end - start >= 2) {
      parts.push(`${seeds[start]}-${seeds[end]}`);
    } else {
      for (let i = start; i <= end; i++) parts.push(String(seeds[i]));
    }
    start = end + 1;
  }
  return parts.join(", ");
}

/** Returns up to `count` seeds after the last of `seeds`, or null where there is none. */
export function following(seeds: BigInt64Array, count: number): BigInt64Array | null {
  const last = seeds.at(-1)!;
  return run(last + 1n, last + BigInt(count));
}

/** Returns up to `count` seeds before the first of `seeds`, or null where there is none. */
export function preceding(seeds: BigInt64Array, count: number): BigInt64Array | null {
  const first = seeds[0]!;
  return run(first - BigInt(count), first - 1n);
}

function run(first: bigint, last: bigint): BigInt64Array | null {
  const from = first < MIN_SEED ? MIN_SEED : first;
  const to = last > MAX_SEED ? MAX_SEED : last;
  if (to < from) return null;
  return BigInt64Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
}

/** Returns how many curves there are, and of which seeds. */
export function seedsTitle(seeds: BigInt64Array): string {
  const count = seeds.length === 1 ? "1 curve" : `${seeds.length.toLocaleString("en")} curves`;
  const text = formatSeeds(seeds);
  const run = /^(-?\d+)-(-?\d+)$/.exec(text);
  if (run) return `${count}, seeds ${properMinus(run[1]!)} to ${properMinus(run[2]!)}`;
  const name = seeds.length === 1 ? "seed" : "seeds";
  const which = text.length <= 44 ? `${name} ${properMinus(text)}` : `${name} of a list`;
  return `${count}, ${which}`;
}
