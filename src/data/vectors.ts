import { inputError, workError } from "../base/errors.js";
import { writeFileAtomic, writeStreamAtomic } from "../base/files.js";

/** A vector with the id of its text. */
export interface VectorItem {
  readonly id: string;
  readonly vector: Float32Array | Int8Array;
}

/** Rows and numbers a row. */
export type MatrixShape = readonly [rows: number, dimension: number];

/**
 * Writes vectors as NumPy's `.npy` (version 1.0, C order): little-endian float32, or int8 where the vectors are. The ids, one a line in the same order,
 * go to `PATH.ids.txt`. Throws when the vectors are not as the shape says, a number is not finite, or an id holds a line end.
 */
export async function writeNpy(
  path: string,
  items: AsyncIterable<VectorItem> | Iterable<VectorItem>,
  shape: MatrixShape,
  precision: "float32" | "int8" = "float32",
): Promise<void> {
  const ids: string[] = [];
  const pieces = async function* () {
    yield npyHeader(precision === "float32" ? "<f4" : "|i1", shape);
    for await (const { id, vector } of items) {
      const fits = precision === "float32" ? vector instanceof Float32Array : vector instanceof Int8Array;
      if (!fits || vector.length !== shape[1]) {
        throw workError("wrong-shape", "a vector is not of the announced shape", {
          field: id,
          found: `${vector.constructor.name} of ${vector.length}`,
          expected: `${precision} of ${shape[1]}`,
        });
      }
      checkFinite(id, vector);
      ids.push(oneLine(id));
      // A copy, since the caller may fill the same array again before the bytes are on disk. All platforms of Node we support are little-endian.
      yield new Uint8Array(vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength));
    }
    if (ids.length !== shape[0]) {
      throw workError("wrong-shape", "the vectors are not as many as announced", {
        found: String(ids.length),
        expected: String(shape[0]),
      });
    }
  };
  await writeStreamAtomic(path, pieces());
  await writeStreamAtomic(
    `${path}.ids.txt`,
    ids.map((id) => `${id}\n`),
  );
}

/** Writes JSON lines `{id, embedding}`, gzipped when the path ends in `.gz`. */
export async function writeVectorLines(
  path: string,
  items: AsyncIterable<VectorItem> | Iterable<VectorItem>,
): Promise<void> {
  const lines = async function* () {
    for await (const { id, vector } of items) yield `${vectorLine(id, vector)}\n`;
  };
  await writeStreamAtomic(path, lines());
}

/** Vectors of a row group: 16 MiB of float32 at 384 numbers. */
const groupRows = 10_000;

/**
 * Writes Parquet with the columns `id` (text) and `embedding` (a list of float32; of 8-bit integers where the vectors are int8), compressed with Snappy. The whole file stands in memory
 * before it is written.
 */
export async function writeVectorParquet(
  path: string,
  items: AsyncIterable<VectorItem> | Iterable<VectorItem>,
): Promise<void> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const ids: string[] = [];
  const vectors: number[][] = [];
  let whole = false;
  for await (const { id, vector } of items) {
    checkFinite(id, vector);
    whole = vector instanceof Int8Array;
    ids.push(id);
    vectors.push(Array.from(vector));
  }
  const number = whole ? ({ type: "INT32", converted_type: "INT_8" } as const) : ({ type: "FLOAT" } as const);
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "id", data: ids },
      { name: "embedding", data: vectors },
    ],
    schema: [
      { name: "root", num_children: 2 },
      { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
      { name: "embedding", converted_type: "LIST", repetition_type: "REQUIRED", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", repetition_type: "REQUIRED", ...number },
    ],
    statistics: false,
    rowGroupSize: groupRows,
    createdBy: "nearmiss",
  });
  writeFileAtomic(path, new Uint8Array(bytes));
}

/** `{"id":…,"embedding":[…]}` without line end; every number in full. */
export function vectorLine(id: string, vector: Float32Array | Int8Array): string {
  checkFinite(id, vector);
  return JSON.stringify({ id, embedding: Array.from(vector) });
}

function npyHeader(descr: string, [rows, dimension]: MatrixShape): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`;
  // Magic, version and length are 10 bytes; blanks and a line end fill up to a multiple of 64.
  const length = Math.ceil((text.length + 11) / 64) * 64 - 10;
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  return Buffer.concat([prefix, Buffer.from(`${text.padEnd(length - 1)}\n`, "latin1")]);
}

function checkFinite(id: string, vector: Float32Array | Int8Array): void {
  const at = vector.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw workError("not-finite", "a vector holds a number that is not finite", {
      field: id,
      found: `${vector[at]} at ${at}`,
    });
  }
}

function oneLine(id: string): string {
  if (!/[\r\n]/.test(id)) return id;
  throw inputError("invalid-id", "an id with a line end cannot be written one id a line", {
    found: JSON.stringify(id),
    hint: "write .jsonl instead",
  });
}
