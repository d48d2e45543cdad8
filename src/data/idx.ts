import { inputError } from "../base/errors.js";
import { readWhole } from "./whole-file.js";

/** An array of bytes: its sizes, and its values in C order. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an idx file of unsigned bytes, gzipped or not (Y. LeCun's format: two zero bytes, the type 8, the number of axes, each size as big-endian
 * 32-bit number, then the values). Throws `invalid-idx` with what was found and expected.
 */
export function readIdx(path: string, axes: number): IdxArray {
  const bytes = readWhole(path);
  const invalid = (found: string, expected: string) =>
    inputError("invalid-idx", "the idx file is not valid", { file: path, found, expected });
  const magic = bytes.subarray(0, 4).toString("hex");
  const wanted = `0000080${axes}`;
  if (magic !== wanted) throw invalid(`first bytes ${magic}`, `${wanted} (unsigned bytes, ${axes} axes)`);
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw invalid(`${bytes.length} bytes`, `a header of ${start} bytes`);
  const shape = Array.from({ length: axes }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const length = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== start + length)
    throw invalid(`${bytes.length - start} values`, `${length} values (${shape.join(" × ")})`);
  return { shape, data: bytes.subarray(start) };
}
