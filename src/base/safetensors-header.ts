// The header of a safetensors file (format: github.com/huggingface/safetensors): 8 bytes of length, JSON, then the data.
// It comes from strangers, so nothing is allocated, read or trusted before it has been checked.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inputError, type NearmissError } from "./errors.js";

/** Bytes of one element. */
export const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ["F64", 8],
  ["I64", 8],
  ["U64", 8],
  ["F32", 4],
  ["I32", 4],
  ["U32", 4],
  ["F16", 2],
  ["BF16", 2],
  ["I16", 2],
  ["U16", 2],
  ["I8", 1],
  ["U8", 1],
  ["BOOL", 1],
  ["F8_E4M3", 1],
  ["F8_E5M2", 1],
]);

/** Where one tensor lies: [begin, end) in bytes from the start of the file. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

const MAX_HEADER = 100_000_000;
const LFS_POINTER = "version https://git-lfs.github.com/spec/";
const DAMAGED = "download or save the file again";

/** Reads and checks the header. Throws `bad-safetensors` (exit code 2), naming the tensor where one is to blame. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  const handle = open(path);
  try {
    return parse(path, handle, fstatSync(handle).size);
  } finally {
    closeSync(handle);
  }
}

/** Fills `target` from `position`; throws `bad-safetensors` if the file ends before. */
export function readFully(path: string, handle: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length; ) {
    const count = readSync(handle, target, done, Math.min(target.length - done, 2 ** 30), position + done);
    if (count === 0) throw bad(path, "the file became shorter while it was read", {});
    done += count;
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw inputError("file-not-found", "weight file not found", { file: path });
  }
}

function parse(path: string, handle: number, size: number): SafetensorsHeader {
  const start = Buffer.alloc(Math.min(size, 64));
  readFully(path, handle, start, 0);
  if (start.toString("latin1").startsWith(LFS_POINTER))
    throw bad(path, "this is a Git LFS pointer, not the weights", {
      found: `${size} bytes of text`,
      hint: "run `git lfs pull`, or download the file itself",
    });
  if (size < 8)
    throw bad(path, "the file is empty or too short for a safetensors file", {
      found: `${size} bytes`,
      expected: "at least 8 bytes of header length",
      hint: DAMAGED,
    });
  // Compared as an unsigned 64-bit integer: beyond 2^53 a double would round.
  const claimed = start.readBigUInt64LE(0);
  if (claimed > BigInt(MAX_HEADER))
    throw bad(path, "the header length is above the limit (100 MB)", {
      found: `${claimed} bytes`,
      expected: `at most ${MAX_HEADER} bytes`,
      hint: "this is not a safetensors file, or it is damaged",
    });
  const length = Number(claimed);
  if (8 + length > size)
    throw bad(path, "the header length exceeds the file size", {
      found: `header length ${length}, file size ${size} bytes`,
      expected: `a header of at most ${size - 8} bytes`,
      hint: `the file is truncated or damaged; ${DAMAGED}`,
    });
  const bytes = Buffer.alloc(length);
  readFully(path, handle, bytes, 8);
  return check(path, json(path, bytes), 8 + length, size);
}

function json(path: string, bytes: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw bad(path, "the header is not JSON", { found: (error as Error).message, hint: DAMAGED });
  }
  if (!isRecord(value)) throw bad(path, "the header is not a JSON object", { found: JSON.stringify(value) });
  return value;
}

function check(path: string, header: object, dataStart: number, size: number): SafetensorsHeader {
  const metadata = new Map<string, string>();
  const entries: [string, SafetensorsEntry][] = [];
  for (const [name, value] of Object.entries(header) as [string, unknown][]) {
    if (name !== "__metadata__") entries.push([name, entry(path, name, value, dataStart)]);
    else if (isRecord(value))
      for (const [key, text] of Object.entries(value) as [string, unknown][]) {
        if (typeof text !== "string")
          throw bad(path, `header metadata "${key}" is not text`, { found: JSON.stringify(text) });
        metadata.set(key, text);
      }
    else throw bad(path, "header __metadata__ is not an object", { found: JSON.stringify(value) });
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = dataStart;
  let before = "the header";
  for (const [name, { begin, end }] of entries) {
    if (end > size)
      throw bad(
        path,
        `tensor ${name} lies outside the file: the file is truncated or incomplete, or its header is wrong`,
        {
          field: name,
          found: `${size} bytes`,
          expected: `at least ${end} bytes`,
          hint: DAMAGED,
        },
      );
    if (begin < covered)
      throw bad(path, `tensors ${before} and ${name} overlap`, {
        field: name,
        found: `bytes from ${begin}`,
        expected: `bytes from ${covered}`,
        hint: DAMAGED,
      });
    if (begin > covered) throw uncovered(path, begin - covered, `between ${before} and ${name}`);
    covered = end;
    before = name;
  }
  if (covered < size) throw uncovered(path, size - covered, `after ${before}`);
  return { metadata, tensors: new Map(entries) };
}

function entry(path: string, name: string, value: unknown, dataStart: number): SafetensorsEntry {
  if (!isRecord(value))
    throw bad(path, `the header entry of tensor ${name} is not an object`, {
      field: name,
      found: JSON.stringify(value),
    });
  const { dtype, shape, data_offsets: offsets } = value as Readonly<Record<string, unknown>>;
  const bytes = typeof dtype === "string" ? ELEMENT_BYTES.get(dtype) : undefined;
  if (typeof dtype !== "string" || bytes === undefined)
    throw bad(path, `tensor ${name} has an unknown dtype`, {
      field: name,
      found: typeof dtype === "string" ? dtype : JSON.stringify(dtype),
      expected: `one of ${[...ELEMENT_BYTES.keys()].join(", ")}`,
    });
  if (!areCounts(shape))
    throw bad(path, `tensor ${name} has no valid shape`, {
      field: name,
      found: JSON.stringify(shape),
      expected: "a list of integers from 0",
    });
  const needed = shape.reduce((product, dimension) => product * dimension, bytes);
  if (!Number.isSafeInteger(needed))
    throw bad(path, `the shape of tensor ${name} is too large`, {
      field: name,
      found: JSON.stringify(shape),
      expected: "fewer than 2^53 bytes",
    });
  if (!areCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    throw bad(path, `tensor ${name} has no valid data_offsets`, {
      field: name,
      found: JSON.stringify(offsets),
      expected: "[begin, end]",
    });
  const [begin, end] = offsets as [number, number];
  if (end - begin !== needed)
    throw bad(path, `shape, dtype and byte count of tensor ${name} disagree`, {
      field: name,
      found: `${end - begin} bytes`,
      expected: `${needed} bytes for ${dtype} ${JSON.stringify(shape)}`,
      hint: DAMAGED,
    });
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function uncovered(path: string, count: number, where: string): NearmissError {
  return bad(path, "some bytes are not covered by any tensor", { found: `${count} bytes ${where}`, hint: DAMAGED });
}

function bad(path: string, message: string, detail: Parameters<typeof inputError>[2]): NearmissError {
  return inputError("bad-safetensors", message, { file: path, ...detail });
}
