import type { TextItem } from "../base/types.js";
import type { GivenVectors } from "../data/given-vectors.js";
import type { Role } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import type { ItemVectors } from "./dense.js";

/** Vectors of another model as they are, compared by their cosine. */
export function givenVectors(given: GivenVectors, engine: Engine): ItemVectors {
  const { dimension, fingerprint } = given;
  return {
    fingerprint,
    similarity: "cosine",
    engine,
    async vectorsOf(items, { as }) {
      const data = new Float32Array(items.length * dimension);
      for (const [i, row] of rowsOf(given, items, as).entries()) data.set(row, i * dimension);
      return { data, rows: items.length, dimension };
    },
  };
}

/** The given vector of each item. */
export function rowsOf(given: GivenVectors, items: readonly TextItem[], as: Role): readonly Float32Array[] {
  return items.map(({ id }) => given[as](id));
}
