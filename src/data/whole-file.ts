import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { inputError } from "../base/errors.js";

/** The bytes of a file, unzipped where its first bytes say gzip. Throws `missing-input`, `unreadable`, `invalid-gzip`. */
export function readWhole(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT") throw inputError("missing-input", "no such file", { file: path });
    throw inputError("unreadable", "the file cannot be read", { file: path, found: code });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw inputError("invalid-gzip", "the gzip data are damaged or cut off", { file: path, found });
  }
}
