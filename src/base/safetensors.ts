import { closeSync, openSync } from "node:fs";
import { inputError } from "./errors.js";
import { writePiecesAtomic } from "./files.js";
import { ELEMENT_BYTES, readFully, readSafetensorsHeader } from "./safetensors-header.js";
import { compareCodePoints } from "./text.js";

export { readSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from "./safetensors-header.js";

/** A tensor as it lies in the file: little-endian, row-major bytes in a buffer of their own (so any typed array can view them). */
export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A tensor to write. `data` holds exactly the elements of the shape in that dtype, little-endian. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: "F32" | "F64" | "F16" | "BF16" | "I64" | "I32" | "U8";
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/**
 * Tensors of a safetensors file, all or those named, in the order of the file.
 * Throws `bad-safetensors` for a damaged file and for a name that is not there (exit code 2).
 */
export function readSafetensors(path: string, names?: Iterable<string>): Map<string, RawTensor> {
  const { tensors } = readSafetensorsHeader(path);
  const wanted = names === undefined ? undefined : new Set(names);
  for (const name of wanted ?? [])
    if (!tensors.has(name))
      throw inputError("bad-safetensors", `tensor ${name} is missing`, { file: path, field: name });
  const result = new Map<string, RawTensor>();
  const handle = openSync(path, "r");
  try {
    for (const [name, { dtype, shape, begin, end }] of tensors) {
      if (wanted !== undefined && !wanted.has(name)) continue;
      const data = new Uint8Array(end - begin);
      readFully(path, handle, data, begin);
      result.set(name, { dtype, shape, data });
    }
  } finally {
    closeSync(handle);
  }
  return result;
}

/**
 * Writes a safetensors file atomically. The same tensors in any order give the same bytes, and those of the reference
 * writer: larger elements first (so that every tensor is aligned), then by name; header padded with blanks to 8 bytes.
 */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): void {
  const size = (tensor: NamedTensor): number => ELEMENT_BYTES.get(tensor.dtype) ?? 0;
  const sorted = [...tensors].sort((a, b) => size(b) - size(a) || compareCodePoints(a.name, b.name));
  const entries: string[] = [`"__metadata__":${JSON.stringify(metadata)}`];
  let offset = 0;
  const taken = new Set(["__metadata__"]);
  for (const tensor of sorted) {
    const { name, dtype, shape, data } = tensor;
    const needed = shape.reduce((product, dimension) => product * dimension, size(tensor));
    if (needed !== data.byteLength)
      throw new RangeError(`tensor ${name}: ${data.byteLength} bytes for ${dtype} [${shape.join(", ")}]`);
    if (taken.has(name)) throw new RangeError(`tensor ${name}: the name is taken`);
    const place = { dtype, shape, data_offsets: [offset, offset + needed] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(place)}`);
    offset += needed;
    taken.add(name);
  }
  const text = Buffer.from(`{${entries.join(",")}}`, "utf8");
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  text.copy(header, 8);
  writePiecesAtomic(path, [header, ...sorted.map(({ data }) => bytesOf(data))]);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
