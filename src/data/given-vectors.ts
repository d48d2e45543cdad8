import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import type { RetrievalData } from "../base/types.js";
import { fileSource, readLines } from "./lines.js";
import { readNpy } from "./npy.js";

/** Vectors in memory, row-major [rows, dimension]. */
export interface VectorMatrix {
  readonly data: Float32Array;
  readonly dimension: number;
  /** What each row is the vector of; absent: rows are in the order of the data set. */
  readonly ids?: readonly string[];
}

/** Vectors that another model made of the queries and documents of a data set: `.npy` files, or matrices. */
export interface VectorPair {
  readonly queries: string | VectorMatrix;
  readonly documents: string | VectorMatrix;
}

/** Such vectors by id. Both throw `missing-vector` for an id that has none. */
export interface GivenVectors {
  readonly dimension: number;
  readonly fingerprint: string;
  query(id: string): Float32Array;
  document(id: string): Float32Array;
}

/**
 * Vectors of a data set. The ids of `F.npy` (float16, float32 or float64, [rows, dimension]) are the lines of `F.npy.ids.txt`, as `nearmiss embed` writes it; rows of other ids
 * than the data's are passed over. Without ids, rows are all queries or all documents in the data's order. Throws `wrong-shape` where rows or
 * lengths do not fit, `duplicate-id` where an id has two different vectors, and what `readNpy` throws.
 */
export async function readGivenVectors(given: VectorPair, data: RetrievalData): Promise<GivenVectors> {
  const queries = await openVectors(given.queries, "queries", data);
  const documents = await openVectors(given.documents, "documents", data);
  if (queries.dimension !== documents.dimension)
    throw inputError("wrong-shape", "the vectors of queries and documents differ in length", {
      file: documents.name,
      found: `${documents.dimension} numbers`,
      expected: `${queries.dimension}, as in ${queries.name}`,
    });
  return {
    dimension: queries.dimension,
    fingerprint: fingerprint("given-vectors", queries.fingerprint, documents.fingerprint),
    query: queries.of,
    document: documents.of,
  };
}

/** Rows of a `.npy`, with the ids beside it where there are some. Throws `wrong-shape` where they are not as many. */
export async function readVectorMatrix(path: string): Promise<VectorMatrix> {
  const { data, columns, rows } = readNpy(path);
  const file = `${path}.ids.txt`;
  if (!existsSync(file)) return { data, dimension: columns };
  const ids: string[] = [];
  for await (const { text } of readLines(fileSource(file))) ids.push(text);
  if (ids.length === rows) return { data, dimension: columns, ids };
  throw inputError("wrong-shape", "there are not as many ids as vectors", {
    file,
    found: `${ids.length} ids`,
    expected: `${rows}, the rows of ${path}`,
  });
}

async function openVectors(given: string | VectorMatrix, kind: "queries" | "documents", data: RetrievalData) {
  const name = typeof given === "string" ? given : `the vectors of ${kind}`;
  const { data: values, dimension, ids } = typeof given === "string" ? await readVectorMatrix(given) : given;
  const rows = dimension >= 1 ? values.length / dimension : 0;
  const names = ids ?? [...data[kind].keys()];
  if (!(dimension >= 1) || rows !== names.length)
    throw inputError("wrong-shape", `there are not as many vectors as ${ids === undefined ? kind : "ids"}`, {
      file: name,
      found: `${rows} rows of ${dimension} numbers`,
      expected: `${names.length} rows`,
      ...(ids === undefined && typeof given === "string"
        ? { hint: `say whose they are, an id a line in ${given}.ids.txt; documents of equal text are one document` }
        : {}),
    });
  const of = (row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension);
  const rowOf = new Map<string, number>();
  for (const [row, id] of names.entries()) {
    const before = rowOf.get(id);
    if (before === undefined) rowOf.set(id, row);
    else if (of(row).some((value, i) => value !== of(before)[i]))
      throw inputError("duplicate-id", "an id has two different vectors", {
        file: name,
        field: id,
        found: `rows ${before} and ${row} (counted from 0)`,
      });
  }
  return {
    name,
    dimension,
    fingerprint: fingerprint(names, dimension, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    of(id: string): Float32Array {
      const row = rowOf.get(id);
      if (row !== undefined) return of(row);
      throw inputError("missing-vector", `one of the ${kind} has no vector`, {
        file: name,
        found: [...rowOf.keys()].slice(0, 3).join(", "),
        expected: id,
        hint: "ids are those of the data; texts without one are called by the hash of their text, as nearmiss embed does",
      });
    },
  };
}
