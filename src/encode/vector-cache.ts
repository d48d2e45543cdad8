import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { fingerprint } from "../base/fingerprint.js";
import { version } from "../base/version.js";
import type { Vectors } from "./encode.js";

/** What a kept vector depends on besides its text. */
export interface VectorKey {
  /** Fingerprint of the weights and of everything that turns text into vectors. */
  readonly fingerprint: string;
  readonly prompt: string;
  /** What computed it: `Engine["kind"]`. */
  readonly engine: string;
  /** Default `float32`; another word for whatever gives other vectors. */
  readonly precision?: string;
}

/** Where a batch stands among all texts that the cache lacks. */
export interface MissingPlace {
  readonly before: number;
  readonly of: number;
}

/** Vectors kept on disk, by text. */
export interface VectorCache {
  /**
   * Vectors of distinct texts, from the cache where they are there and from `encode` where not: all at once, or `batch` at a time, each kept before the
   * next is asked for.
   */
  through(
    key: VectorKey,
    texts: readonly string[],
    dimension: number,
    encode: (texts: readonly string[], place: MissingPlace) => Promise<Vectors>,
    batch?: number,
  ): Promise<Vectors>;
  /** How long the vectors of a key are, as `remember` was told; undefined where nothing is known. */
  dimension(key: VectorKey): number | undefined;
  remember(key: VectorKey, dimension: number): void;
}

/** Where a text's vector lies. */
interface Kept {
  readonly file: string;
  readonly offset: number;
}

/** What is known of one folder of files. */
interface Place {
  readonly seen: Set<string>;
  readonly kept: Map<string, Kept>;
}

const MAGIC = Buffer.from("nearmiss vectors");
const HASH_BYTES = 16;
const HEADER_BYTES = MAGIC.length + HASH_BYTES;

/**
 * A cache in a folder. Each call that encodes something adds one file: a mark, the hash of what follows, 16 bytes of each text's hash, then the
 * float32 vectors (little-endian). Files are written whole and never changed, so that several processes can share a cache; a file that is not
 * what was written, or is gone, is as if it had never been. Vectors of another version of nearmiss are not used: their last bits may differ.
 */
export function openVectorCache(folder: string): VectorCache {
  const places = new Map<string, Place>();
  const pathOf = (
    { fingerprint: weights, prompt, engine, precision = "float32" }: VectorKey,
    dimension: number | null,
  ) => join(folder, "vectors", fingerprint(version(), weights, prompt, engine, precision, dimension).slice(7, 39));
  return {
    async through(key, texts, dimension, encode, batch = texts.length) {
      const path = pathOf(key, dimension);
      mkdirSync(path, { recursive: true });
      const place = places.get(path) ?? { seen: new Set(), kept: new Map() };
      places.set(path, place);
      readNew(path, place, dimension);

      const data = new Float32Array(texts.length * dimension);
      const rowOf = (i: number): Float32Array => data.subarray(i * dimension, (i + 1) * dimension);
      const hashes = texts.map((text) => hashOf(Buffer.from(text, "utf8")).toString("hex"));
      const missing = fill(path, place, hashes, rowOf);
      for (let before = 0; before < missing.length; before += batch) {
        const some = missing.slice(before, before + batch);
        const asked = some.map((i) => texts[i] as string);
        const fresh = await encode(asked, { before, of: missing.length });
        some.forEach((index, row) => {
          rowOf(index).set(fresh.data.subarray(row * dimension, (row + 1) * dimension));
        });
        write(
          path,
          some.map((i) => hashes[i] as string),
          fresh.data,
        );
      }
      return { data, rows: texts.length, dimension };
    },
    dimension(key) {
      const known = Number(readWhole(`${pathOf(key, null)}.dimension`).toString("utf8"));
      return Number.isInteger(known) && known > 0 ? known : undefined;
    },
    remember(key, dimension) {
      mkdirSync(join(folder, "vectors"), { recursive: true });
      writeFileAtomic(`${pathOf(key, null)}.dimension`, String(dimension));
    },
  };
}

function hashOf(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, HASH_BYTES);
}

function write(path: string, hashes: readonly string[], vectors: Float32Array): void {
  const names = Buffer.from(hashes.join(""), "hex");
  const values = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const content = Buffer.concat([MAGIC, hashOf(names, values), names, values]);
  writeFileAtomic(join(path, `${fingerprint(names).slice(7, 39)}.bin`), content);
}

/** Takes up files that were added since, by this process or another. */
function readNew(path: string, { seen, kept }: Place, dimension: number): void {
  for (const file of readdirSync(path)) {
    if (!file.endsWith(".bin") || seen.has(file)) continue;
    const bytes = readWhole(join(path, file));
    const rows = (bytes.length - HEADER_BYTES) / (HASH_BYTES + dimension * 4);
    const body = bytes.subarray(HEADER_BYTES);
    const sound =
      Number.isInteger(rows) &&
      bytes.subarray(0, MAGIC.length).equals(MAGIC) &&
      hashOf(body).equals(bytes.subarray(MAGIC.length, HEADER_BYTES));
    // A damaged file is not marked as seen: it may be written anew.
    if (!sound) continue;
    seen.add(file);
    for (let row = 0; row < rows; row++) {
      const offset = HEADER_BYTES + rows * HASH_BYTES + row * dimension * 4;
      kept.set(body.toString("hex", row * HASH_BYTES, (row + 1) * HASH_BYTES), { file, offset });
    }
  }
}

function readWhole(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Reads what is kept into its rows; returns the others. */
function fill(path: string, place: Place, hashes: readonly string[], rowOf: (i: number) => Float32Array): number[] {
  const open = new Map<string, number | null>();
  const handleOf = (file: string): number | null => {
    const known = open.get(file);
    if (known !== undefined) return known;
    const handle = tryOpen(join(path, file));
    open.set(file, handle);
    if (handle === null) place.seen.delete(file);
    return handle;
  };
  try {
    return hashes.flatMap((hash, i) => {
      const kept = place.kept.get(hash);
      const handle = kept === undefined ? null : handleOf(kept.file);
      const row = rowOf(i);
      const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
      const found = handle !== null && readSync(handle, bytes, 0, bytes.length, kept?.offset ?? 0) === bytes.length;
      return found ? [] : [i];
    });
  } finally {
    for (const handle of open.values()) if (handle !== null) closeSync(handle);
  }
}

function tryOpen(file: string): number | null {
  try {
    return openSync(file, "r");
  } catch {
    return null;
  }
}
