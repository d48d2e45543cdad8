import { inputError } from "../base/errors.js";
import { toFloat32 } from "../base/float16.js";
import { readWhole } from "./whole-file.js";

/** A matrix of a `.npy` file, row after row. */
export interface NpyMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

type ReadInteger = (view: DataView, at: number) => number | bigint;

interface NpyArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Reads NumPy's `.npy` of two axes in C order: float16, float32, float64 (rounded), int8 or uint8, little-endian. Throws `invalid-npy` for
 * other contents, and `not-finite` naming row and column for NaN or an infinity.
 */
export function readNpy(path: string): NpyMatrix {
  const array = readArray(path);
  const [rows, columns] = matrixShape(path, array.shape);
  const data = floats(path, array);
  checkFinite(path, data, 0, columns);
  return { rows, columns, data };
}

/** Rows and columns; throws unless there are two axes. */
export function matrixShape(path: string, shape: readonly number[]): readonly [rows: number, columns: number] {
  const [rows, columns] = shape;
  if (rows !== undefined && columns !== undefined && shape.length === 2) return [rows, columns];
  throw invalid(path, `shape (${shape.join(", ")})`, "two axes: vectors, and numbers a vector");
}

/** Throws `not-finite` for rows that hold something else, of which the first is row `first` of the file. */
export function checkFinite(path: string, data: Float32Array, first: number, columns: number): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw inputError("not-finite", "a vector holds a number that is not finite", {
    file: path,
    found: `${data[at]} in row ${first + Math.floor(at / columns)}, column ${at % columns} (counted from 0)`,
    expected: "finite numbers",
  });
}

/** The whole numbers of a `.npy` of one axis as digits: 64 bits stay exact. */
export function readNpyIntegers(path: string): readonly string[] {
  const { dtype, shape, data } = readArray(path);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = integers.get(dtype);
  if (read === undefined || shape.length !== 1)
    throw invalid(path, `${dtype} of shape (${shape.join(", ")})`, "whole numbers in one axis");
  const width = Number(dtype.slice(2));
  return Array.from({ length: shape[0] as number }, (_, i) => String(read(view, i * width)));
}

const integers: ReadonlyMap<string, ReadInteger> = new Map<string, ReadInteger>([
  ["|i1", (view, at) => view.getInt8(at)],
  ["|u1", (view, at) => view.getUint8(at)],
  ["<i2", (view, at) => view.getInt16(at, true)],
  ["<u2", (view, at) => view.getUint16(at, true)],
  ["<i4", (view, at) => view.getInt32(at, true)],
  ["<u4", (view, at) => view.getUint32(at, true)],
  ["<i8", (view, at) => view.getBigInt64(at, true)],
  ["<u8", (view, at) => view.getBigUint64(at, true)],
]);

/** dtype of NumPy → dtype of safetensors. */
const floating: ReadonlyMap<string, "F16" | "F32" | "F64"> = new Map([
  ["<f2", "F16"],
  ["<f4", "F32"],
  ["<f8", "F64"],
]);

/** Values of a row-major array as float32. */
export function floats(path: string, { dtype, shape, data }: NpyArray): Float32Array {
  if (dtype === "|i1") return Float32Array.from(new Int8Array(data.buffer, data.byteOffset, data.byteLength));
  if (dtype === "|u1") return Float32Array.from(data);
  const same = floating.get(dtype);
  const values = same === undefined ? null : toFloat32({ dtype: same, shape, data });
  if (values !== null) return values;
  throw invalid(path, `type ${dtype}`, "<f4, <f2, <f8, |i1 or |u1");
}

function readArray(path: string): NpyArray {
  const bytes = readWhole(path);
  const { start, dtype, shape } = parseNpyHeader(path, bytes);
  const length = shape.reduce((a, b) => a * b, 1) * Number(dtype.slice(2));
  if (bytes.length - start !== length)
    throw invalid(path, `${bytes.length - start} bytes of values`, `${length} bytes`);
  // A copy begins at a multiple of 8, which typed arrays need.
  return { dtype, shape, data: new Uint8Array(bytes.subarray(start)) };
}

/** What the first bytes of a `.npy` say: where its values start, their type and their shape. */
export function parseNpyHeader(path: string, bytes: Buffer) {
  if (bytes.subarray(0, 6).toString("latin1") !== "\x93NUMPY")
    throw invalid(path, `first bytes ${bytes.subarray(0, 6).toString("hex")}`, "NumPy's .npy");
  // From version 2 on the header's length has four bytes.
  const long = (bytes[6] as number) >= 2;
  const begin = long ? 12 : 10;
  const start = begin + (long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.subarray(begin, start).toString("latin1");
  const dtype = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || sizes === undefined) throw invalid(path, `header ${header.trim()}`, "descr and shape");
  if (/'fortran_order':\s*True/.test(header)) throw invalid(path, "Fortran order", "C order");
  return { start, dtype, shape: sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)])) };
}

export function invalid(file: string, found: string, expected: string) {
  return inputError("invalid-npy", "the .npy file cannot be read", { file, found, expected });
}
