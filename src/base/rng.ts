import { createHash } from "node:crypto";

/** State of a generator: the four words of xoshiro128**. */
export type RngState = readonly [number, number, number, number];

/** A seeded generator. Every random choice of nearmiss takes one explicitly. */
export interface Rng {
  /** A uniform 32-bit unsigned integer. */
  uint32(): number;
  /** A uniform number in [0, 1) with 53 random bits. */
  float(): number;
  /** A uniform integer in [0, n), without modulo bias (rejection). n in 1 … 2^32. */
  int(n: number): number;
  /** A standard normal number (Box–Muller, one of the pair). */
  normal(): number;
  /** The words to continue from. */
  state(): RngState;
}

/** Blackman and Vigna's xoshiro128** 1.1 from four state words, not all zero. */
export function rngFromState(start: RngState): Rng {
  let [a, b, c, d] = start.map((word) => word >>> 0) as [number, number, number, number];
  const uint32 = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotl(d, 11);
    return result;
  };
  const float = (): number => (uint32() * 2 ** 21 + (uint32() >>> 11)) / 2 ** 53;
  return {
    uint32,
    float,
    int(n) {
      if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32)) throw new RangeError(`int(${n}): n must be in 1 … 2^32`);
      const reject = 2 ** 32 % n;
      for (;;) {
        const word = uint32();
        if (word >= reject) return word % n;
      }
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  };
}

/**
 * A generator that is a function of a seed and of what it is for: `rng(seed, "batches", epoch)`.
 * Different paths give independent streams, so adding one random choice never shifts another.
 */
export function rng(seed: number, ...path: readonly (string | number)[]): Rng {
  const hash = createHash("sha256")
    .update(JSON.stringify([seed, ...path]))
    .digest();
  return rngFromState([hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8), hash.readUInt32LE(12) | 1]);
}

/** Fisher–Yates, in place; returns the same array. */
export function shuffle<T>(items: T[], generator: Rng): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = generator.int(i + 1);
    const held = items[i] as T;
    items[i] = items[j] as T;
    items[j] = held;
  }
  return items;
}

/** Vigna's splitmix64: the next output and the next state, 64-bit unsigned. */
export function splitmix64(state: bigint): { readonly value: bigint; readonly state: bigint } {
  const next = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
  let z = next;
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return { value: z ^ (z >> 31n), state: next };
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
