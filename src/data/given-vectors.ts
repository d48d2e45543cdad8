import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import { fileFingerprint, fingerprint } from "../base/fingerprint.js";
import type { RetrievalData } from "../base/types.js";
import { fileSource, readLines } from "./lines.js";
import { openNpyRows, type RowSource, rowsOfMatrix } from "./npy-rows.js";

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

/** Such vectors by id; those of files are read where they are needed, and never all at once. */
export interface GivenVectors {
  readonly dimension: number;
  readonly fingerprint: string;
  /** Copies the vectors of some queries or documents, one after the other. Throws `missing-vector` for an id that has none. */
  read(as: "query" | "document", ids: readonly string[], into: Float32Array): void;
}

/**
 * Vectors of a data set. The ids of `F.npy` (float16, float32 or float64, [rows, dimension]) are the lines of `F.npy.ids.txt`, as `nearmiss embed` writes it; rows of other ids
 * than the data's are passed over. Without ids, rows are all queries or all documents in the data's order. Throws `wrong-shape` where rows or
 * lengths do not fit, `duplicate-id` where an id has two different vectors, and what `openNpyRows` throws.
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
    read: (as, ids, into) => (as === "query" ? queries : documents).read(ids, into),
  };
}

/** Rows of a `.npy`, with the ids beside it where there are some. Throws `wrong-shape` where they are not as many. */
async function openFile(path: string): Promise<{ readonly source: RowSource; readonly ids?: readonly string[] }> {
  const source = openNpyRows(path);
  const file = `${path}.ids.txt`;
  if (!existsSync(file)) return { source };
  const ids: string[] = [];
  for await (const { text } of readLines(fileSource(file))) ids.push(text);
  if (ids.length === source.rows) return { source, ids };
  throw inputError("wrong-shape", "there are not as many ids as vectors", {
    file,
    found: `${ids.length} ids`,
    expected: `${source.rows}, the rows of ${path}`,
  });
}

/** The whole of such a file. */
export async function readVectorMatrix(path: string): Promise<VectorMatrix> {
  const { source, ...ids } = await openFile(path);
  const data = new Float32Array(source.rows * source.dimension);
  source.read(
    Int32Array.from({ length: source.rows }, (_, row) => row),
    data,
  );
  return { data, dimension: source.dimension, ...ids };
}

function openMatrix({ data, dimension, ids }: VectorMatrix) {
  return { source: rowsOfMatrix({ data, columns: dimension }), ...(ids === undefined ? {} : { ids }) };
}

async function openVectors(given: string | VectorMatrix, kind: "queries" | "documents", data: RetrievalData) {
  const name = typeof given === "string" ? given : `the vectors of ${kind}`;
  const { source, ids } = typeof given === "string" ? await openFile(given) : openMatrix(given);
  const { rows, dimension } = source;
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
  const rowOf = new Map<string, number>();
  const two = new Float32Array(2 * dimension);
  for (const [row, id] of names.entries()) {
    const before = rowOf.get(id);
    if (before === undefined) {
      rowOf.set(id, row);
      continue;
    }
    source.read([before, row], two);
    if (two.subarray(0, dimension).some((value, i) => value !== two[dimension + i]))
      throw inputError("duplicate-id", "an id has two different vectors", {
        file: name,
        field: id,
        found: `rows ${before} and ${row} (counted from 0)`,
      });
  }
  const values = typeof given === "string" ? await fileFingerprint(given) : bytesOf(given.data);
  return {
    name,
    dimension,
    fingerprint: fingerprint(names, dimension, values),
    read(wanted: readonly string[], into: Float32Array): void {
      const found = wanted.map((id) => {
        const row = rowOf.get(id);
        if (row !== undefined) return row;
        throw inputError("missing-vector", `one of the ${kind} has no vector`, {
          file: name,
          found: [...rowOf.keys()].slice(0, 3).join(", "),
          expected: id,
          hint: "ids are those of the data; texts without one are called by the hash of their text, as nearmiss embed does",
        });
      });
      source.read(found, into);
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
