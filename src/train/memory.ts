import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { workError } from "../base/errors.js";
import { writeFileAtomic } from "../base/files.js";
import { readSafetensors, writeSafetensors } from "../base/safetensors.js";

/** Vectors of earlier batches, oldest first (Wang et al. 2020, cross-batch memory). */
export interface Memory {
  readonly ids: readonly string[];
  /** Row-major [ids, dimension]. */
  vectors(): Float32Array;
  /** Adds a batch behind; what is more than the size falls out at the front. */
  add(ids: readonly string[], vectors: Float32Array): void;
  save(folder: string): void;
  /** Throws `broken-checkpoint` where the folder has none of this dimension. */
  restore(folder: string): void;
}

const FILES = { ids: "memory.json", vectors: "memory.safetensors" } as const;

export function createMemory(size: number, dimension: number): Memory {
  let entries: { readonly id: string; readonly vector: Float32Array }[] = [];
  const vectors = () => {
    const data = new Float32Array(entries.length * dimension);
    for (const [i, { vector }] of entries.entries()) data.set(vector, i * dimension);
    return data;
  };
  const rows = (ids: readonly string[], data: Float32Array) =>
    ids.map((id, i) => ({ id, vector: data.slice(i * dimension, (i + 1) * dimension) }));
  return {
    get ids() {
      return entries.map(({ id }) => id);
    },
    vectors,
    add(ids, data) {
      entries = [...entries, ...rows(ids, data)].slice(-size);
    },
    save(folder) {
      const shape = [entries.length, dimension];
      writeSafetensors(join(folder, FILES.vectors), [{ name: "vectors", dtype: "F32", shape, data: vectors() }]);
      writeFileAtomic(join(folder, FILES.ids), `${JSON.stringify(entries.map(({ id }) => id))}\n`);
    },
    restore(folder) {
      const [idsFile, vectorsFile] = [join(folder, FILES.ids), join(folder, FILES.vectors)];
      const ids = existsSync(idsFile) ? (JSON.parse(readFileSync(idsFile, "utf8")) as string[]) : [];
      const raw = existsSync(vectorsFile) ? readSafetensors(vectorsFile).get("vectors") : undefined;
      if (raw?.shape.join() !== [ids.length, dimension].join())
        throw workError("broken-checkpoint", "the memory of this checkpoint cannot be read", { file: vectorsFile });
      entries = rows(ids, new Float32Array(raw.data.buffer, raw.data.byteOffset, raw.data.byteLength / 4));
    },
  };
}
