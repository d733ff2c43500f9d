// The seed rule outside the sampler, so that the sliders can begin at a seed's own noise.
//
// Philox2x32-10 (Salmon et al. 2011) and Box–Muller in float64, as docs/seed-rule.md states them.

/** The rule's name in a model's description; of a model with another the sliders begin at 0. */
export const SEED_RULE = "philox2x32-10, box-muller in float64";

const MULTIPLIER = 0xd256d193n;
const WEYL = 0x9e3779b9;
const ROUNDS = 10;

/** Returns the noise of `seed`: float32 [nNoise]. */
export function noiseOf(seed: bigint, nNoise: number): Float32Array {
  const blocks = Math.ceil(nNoise / 2);
  const noise = new Float32Array(2 * blocks);
  for (let block = 0; block < blocks; block++) {
    const [w0, w1] = philox(seed, block);
    const u = ((w0 >>> 8) + 0.5) * 2 ** -24;
    const angle = 2 * Math.PI * 2 ** -24 * (w1 >>> 8);
    const radius = Math.sqrt(-2 * Math.log(u));
    noise[block] = radius * Math.cos(angle);
    noise[blocks + block] = radius * Math.sin(angle);
  }
  return noise.slice(0, nNoise);
}

function philox(seed: bigint, key: number): [number, number] {
  let left = Number(BigInt.asUintN(32, seed));
  let right = Number(BigInt.asUintN(32, seed >> 32n));
  for (let round = 0; round < ROUNDS; round++) {
    const product = MULTIPLIER * BigInt(left);
    const roundKey = (key + Math.imul(round, WEYL)) >>> 0;
    left = (Number(product >> 32n) ^ roundKey ^ right) >>> 0;
    right = Number(BigInt.asUintN(32, product));
  }
  return [left, right];
}
