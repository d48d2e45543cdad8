import type { TextItem } from "../base/types.js";
import type { GivenVectors } from "../data/given-vectors.js";
import type { Role } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import type { ItemVectors } from "./dense.js";

/** Vectors of another model as they are, compared by their cosine. Those of documents are read where they are needed. */
export function givenVectors(given: GivenVectors, engine: Engine): ItemVectors {
  const { dimension, fingerprint } = given;
  return {
    fingerprint,
    similarity: "cosine",
    engine,
    vectorsOf: async (items, { as }) => ({ data: rows(given, items, as), rows: items.length, dimension }),
    sourceOf(items) {
      const ids = items.map(({ id }) => id);
      const idsOf = (rows: Int32Array) => Array.from(rows, (row) => ids[row] as string);
      return { ids, dimension, read: (some, into) => given.read("document", idsOf(some), into) };
    },
  };
}

/** The given vector of each item. */
export function rowsOf(given: GivenVectors, items: readonly TextItem[], as: Role): readonly Float32Array[] {
  const data = rows(given, items, as);
  return items.map((_, i) => data.subarray(i * given.dimension, (i + 1) * given.dimension));
}

function rows(given: GivenVectors, items: readonly TextItem[], as: Role): Float32Array {
  const data = new Float32Array(items.length * given.dimension);
  given.read(
    as,
    items.map(({ id }) => id),
    data,
  );
  return data;
}
