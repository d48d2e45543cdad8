import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { inputError } from "../base/errors.js";

/** Bytes to read and the name that errors call them by. */
export interface ByteSource {
  readonly file: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Whole lines, line ends included (the last may lack one); `line` is the number of the first, counted from 1. */
export interface TextBlock {
  readonly line: number;
  readonly text: string;
}

/** A line without its end. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

export function fileSource(path: string): ByteSource {
  return { file: path, chunks: createReadStream(path, { highWaterMark: 1 << 18 }) };
}

/**
 * Decodes UTF-8, gzipped (recognised by its first bytes) or not, in blocks of whole lines, so that memory is bounded by the
 * longest line. A byte order mark is dropped. Throws `invalid-utf8` with the line, `invalid-gzip`, `unreadable`.
 */
export async function* textBlocks(source: ByteSource): AsyncGenerator<TextBlock> {
  let line = 1;
  for await (const bytes of byteBlocks(source)) {
    checkUtf8(bytes, source.file, line);
    yield { line, text: bytes.toString("utf8") };
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line++;
  }
}

/** The bytes of the blocks of `textBlocks`, not checked. */
export async function* byteBlocks(source: ByteSource): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = [];
  let first = true;
  const whole = (parts: readonly Uint8Array[]): Buffer => {
    const bytes = Buffer.concat(parts);
    const marked = first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    first = false;
    return marked ? bytes.subarray(3) : bytes;
  };
  for await (const chunk of unzipped(source)) {
    const end = chunk.lastIndexOf(10) + 1;
    if (end === 0) {
      pending.push(chunk);
      continue;
    }
    const parts = [...pending, chunk.subarray(0, end)];
    pending = end < chunk.length ? [chunk.subarray(end)] : [];
    yield whole(parts);
  }
  if (pending.length > 0) yield whole(pending);
}

/** The lines of a UTF-8 file; `\n` and `\r\n` end a line. */
export async function* readLines(source: ByteSource): AsyncGenerator<Line> {
  for await (const block of textBlocks(source)) {
    const lines = block.text.split("\n");
    if (lines[lines.length - 1] === "") lines.pop();
    for (const [i, text] of lines.entries()) {
      yield { line: block.line + i, text: text.endsWith("\r") ? text.slice(0, -1) : text };
    }
  }
}

/** The bytes, unzipped where the first ones say gzip. Throws `invalid-gzip`, `missing-input`, `unreadable`. */
export async function* unzipped({ file, chunks }: ByteSource): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done === true) return;
    const all = resume(first.value, iterator);
    if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) yield* all;
    // The callback is there so that a failure of the source ends the gunzip; the error comes out of the loop over it.
    else yield* pipeline(Readable.from(all), createGunzip(), () => {}) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw readError(error, file);
  } finally {
    await iterator.return?.();
  }
}

async function* resume(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function readError(error: unknown, file: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("Z_")) {
    return inputError("invalid-gzip", "the gzip data are damaged or cut off", {
      file,
      found: (error as Error).message,
    });
  }
  if (code === "ENOENT") return inputError("missing-input", "no such file", { file });
  if (/^E[A-Z]+$/.test(code)) return inputError("unreadable", "the file cannot be read", { file, found: code });
  return error;
}

/** Throws `invalid-utf8`, naming the line, for bytes that are no UTF-8; `firstLine` is the number of their first line. */
export function checkUtf8(buffer: Buffer, file: string, firstLine: number): void {
  if (isUtf8(buffer)) return;
  let line = firstLine;
  let start = 0;
  for (;;) {
    const end = buffer.indexOf(10, start);
    const text = buffer.subarray(start, end < 0 ? buffer.length : end);
    if (!isUtf8(text)) {
      const at = firstInvalid(text);
      throw inputError("invalid-utf8", "the text is not UTF-8", {
        file,
        line,
        found: `bytes ${text.toString("hex", at, at + 4)}`,
        expected: "UTF-8",
        hint: "convert the file to UTF-8 first",
      });
    }
    start = end + 1;
    line++;
  }
}

/** Where valid UTF-8 ends: at the first character that decoding has to replace. */
function firstInvalid(bytes: Buffer): number {
  const text = bytes.toString("utf8");
  return Buffer.byteLength(text.slice(0, text.indexOf("\ufffd")), "utf8");
}
