import { createHash } from "node:crypto";

/** What a mask is a function of, besides its element index. */
export interface MaskSource {
  readonly seed: number;
  readonly step: number;
  readonly microBatch: number;
  /** The node's stable path. */
  readonly path: string;
}

export type MaskKey = readonly [number, number];

/** The key of one mask: 64 bits of SHA-256, so that masks of different sources have nothing in common. */
export function maskKey({ seed, step, microBatch, path }: MaskSource): MaskKey {
  const hash = createHash("sha256")
    .update(JSON.stringify(["dropout", seed, step, microBatch, path]))
    .digest();
  return [hash.readUInt32LE(0), hash.readUInt32LE(4)];
}

/** A dropout rate, a multiple of 1/256, in units of it: an element is kept iff its byte is at least this. */
export function maskThreshold(rate: number): number {
  return Math.round(rate * 256);
}

/**
 * The random word of four neighbouring elements: a counter-based hash, two rounds of multiply and xor-shift with half of the key before
 * each (constants: Wellons, "Prospecting for hash functions", lowbias32). Reference of kernels/dropout.ts.
 */
export function maskWord(counter: number, key: MaskKey): number {
  const x = scramble(scramble(counter + key[0]) ^ key[1]);
  return (x ^ (x >>> 16)) >>> 0;
}

function scramble(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  return Math.imul(x, 0x846ca68b);
}

/** Keep decisions as bytes 0 and 1, `count` of them: element i is kept iff byte i mod 4, lowest first, of word i / 4 is at least the threshold. */
export function dropoutMask(count: number, key: MaskKey, threshold: number): Uint8Array {
  const mask = new Uint8Array(count);
  let word = 0;
  for (let i = 0; i < count; i++) {
    word = i % 4 === 0 ? maskWord(i / 4, key) : word >>> 8;
    mask[i] = (word & 255) >= threshold ? 1 : 0;
  }
  return mask;
}
