import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inputError } from "../base/errors.js";
import { checkFinite, floats, invalid, matrixShape, parseNpyHeader, readNpy } from "./npy.js";

/** Vectors that are read row by row where they are needed. */
export interface RowSource {
  readonly rows: number;
  readonly dimension: number;
  /** Copies some rows, one after the other. */
  read(rows: ArrayLike<number>, into: Float32Array): void;
}

/** Bytes that are read at once. */
const chunkBytes = 2 ** 22;
/** The header of version 1 ends before. */
const headerBytes = 2 ** 17;

/**
 * A `.npy` matrix as `readNpy` takes it, of which only what is asked for is ever in memory; a gzipped one is read whole. Throws what `readNpy` throws, for values that are not finite when
 * their rows are read.
 */
export function openNpyRows(path: string): RowSource {
  const head = readAt(path, 0, headerBytes);
  if (head.bytes[0] === 0x1f && head.bytes[1] === 0x8b) return rowsOfMatrix(readNpy(path));
  const { start, dtype, shape } = parseNpyHeader(path, head.bytes);
  const [rows, dimension] = matrixShape(path, shape);
  const stride = dimension * Number(dtype.slice(2));
  // A type that cannot be read is an error before work starts.
  floats(path, { dtype, shape: [0, dimension], data: new Uint8Array(0) });
  if (head.size - start !== rows * stride)
    throw invalid(path, `${head.size - start} bytes of values`, `${rows * stride} bytes`);
  const atOnce = Math.max(1, Math.floor(chunkBytes / stride));
  return {
    rows,
    dimension,
    read(wanted, into) {
      const file = openSync(path, "r");
      try {
        for (let i = 0; i < wanted.length; ) {
          const first = wanted[i]!;
          let count = 1;
          while (count < atOnce && i + count < wanted.length && wanted[i + count] === first + count) count++;
          const data = new Uint8Array(count * stride);
          if (readSync(file, data, 0, data.length, start + first * stride) !== data.length)
            throw invalid(path, "a file that ends early", `${rows} rows`);
          const values = floats(path, { dtype, shape: [count, dimension], data });
          checkFinite(path, values, first, dimension);
          into.set(values, i * dimension);
          i += count;
        }
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Rows of a matrix in memory. */
export function rowsOfMatrix({ data, columns }: { readonly data: Float32Array; readonly columns: number }): RowSource {
  return {
    rows: columns >= 1 ? data.length / columns : 0,
    dimension: columns,
    read(wanted, into) {
      for (let i = 0; i < wanted.length; i++)
        into.set(data.subarray(wanted[i]! * columns, (wanted[i]! + 1) * columns), i * columns);
    },
  };
}

function readAt(path: string, position: number, length: number): { readonly bytes: Buffer; readonly size: number } {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT") throw inputError("missing-input", "no such file", { file: path });
    throw inputError("unreadable", "the file cannot be read", { file: path, found: code });
  }
  try {
    const bytes = Buffer.alloc(length);
    const read = readSync(file, bytes, 0, length, position);
    return { bytes: bytes.subarray(0, read), size: fstatSync(file).size };
  } finally {
    closeSync(file);
  }
}
