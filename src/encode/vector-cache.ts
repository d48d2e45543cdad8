import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { fingerprint } from "../base/fingerprint.js";
import type { Vectors } from "./encode.js";

/** What a kept vector depends on besides its text. */
export interface VectorKey {
  /** Fingerprint of the weights and of everything that turns text into vectors. */
  readonly fingerprint: string;
  readonly prompt: string;
}

/** Vectors kept on disk, by text. */
export interface VectorCache {
  /** Vectors of distinct texts, from the cache where they are there and from `encode` where not. */
  through(
    key: VectorKey,
    texts: readonly string[],
    dimension: number,
    encode: (texts: readonly string[]) => Promise<Vectors>,
  ): Promise<Vectors>;
}

const HASH_BYTES = 16;

/**
 * A cache in a folder. Each call that encodes something adds one file: 16 bytes of each text's hash, then the float32 vectors. Files are
 * written whole and never changed, so that several processes can share a cache.
 */
export function openVectorCache(folder: string): VectorCache {
  return {
    async through(key, texts, dimension, encode) {
      const place = join(
        folder,
        "vectors",
        fingerprint(key.fingerprint, key.prompt, "float32", dimension).slice(7, 39),
      );
      mkdirSync(place, { recursive: true });
      const known = readAll(place, dimension);
      const hashes = texts.map((text) =>
        createHash("sha256").update(text, "utf8").digest().subarray(0, HASH_BYTES).toString("hex"),
      );
      const missing = texts.flatMap((_, i) => (known.has(hashes[i] as string) ? [] : [i]));
      if (missing.length > 0) {
        const fresh = await encode(missing.map((i) => texts[i] as string));
        missing.forEach((index, row) => {
          known.set(hashes[index] as string, fresh.data.subarray(row * dimension, (row + 1) * dimension));
        });
        const names = missing.map((i) => hashes[i] as string);
        const content = Buffer.concat([
          Buffer.from(names.join(""), "hex"),
          Buffer.from(fresh.data.buffer, fresh.data.byteOffset, fresh.data.byteLength),
        ]);
        writeFileAtomic(join(place, `${fingerprint(names.join("")).slice(7, 39)}.bin`), content);
      }
      const data = new Float32Array(texts.length * dimension);
      for (const [i, hash] of hashes.entries()) data.set(known.get(hash) as Float32Array, i * dimension);
      return { data, rows: texts.length, dimension };
    },
  };
}

function readAll(place: string, dimension: number): Map<string, Float32Array> {
  const known = new Map<string, Float32Array>();
  for (const name of readdirSync(place)) {
    if (!name.endsWith(".bin")) continue;
    const bytes = readFileSync(join(place, name));
    const rows = bytes.length / (HASH_BYTES + dimension * 4);
    if (!Number.isInteger(rows)) continue;
    // Copied, since the file's buffer need not be aligned for floats.
    const vectors = new Float32Array(new Uint8Array(bytes.subarray(rows * HASH_BYTES)).buffer);
    for (let row = 0; row < rows; row++) {
      known.set(
        bytes.toString("hex", row * HASH_BYTES, (row + 1) * HASH_BYTES),
        vectors.subarray(row * dimension, (row + 1) * dimension),
      );
    }
  }
  return known;
}
