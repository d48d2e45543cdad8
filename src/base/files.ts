import { closeSync, createWriteStream, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** Writes a file beside its place, syncs it and renames it: a reader sees the old content or the new one, never a part. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  writePiecesAtomic(path, [typeof content === "string" ? Buffer.from(content, "utf8") : content]);
}

/** As `writeFileAtomic` for bytes that come in pieces and together may not fit one buffer. */
export function writePiecesAtomic(path: string, pieces: Iterable<Uint8Array>): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = temporaryName(path);
  const handle = openSync(beside, "w");
  try {
    for (const bytes of pieces)
      for (let written = 0; written < bytes.length; )
        written += writeSync(handle, bytes, written, Math.min(bytes.length - written, MAX_WRITE));
    fsyncSync(handle);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(beside, path);
  syncFolder(dirname(path));
}

/** As `writeFileAtomic` for text that comes in pieces; gzipped (with no time stamp, so equal content gives equal bytes) when the path ends in `.gz`. */
export async function writeStreamAtomic(
  path: string,
  pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const beside = temporaryName(path);
  try {
    const source = Readable.from(pieces, { objectMode: true });
    if (path.endsWith(".gz")) await pipeline(source, createGzip({ level: 1 }), createWriteStream(beside));
    else await pipeline(source, createWriteStream(beside));
    const handle = await open(beside, "r+");
    await handle.sync();
    await handle.close();
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  await rename(beside, path);
  syncFolder(dirname(path));
}

/** Makes a rename in this folder durable where the system can. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** One system call writes less than 2 GiB. */
const MAX_WRITE = 2 ** 30;

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
}
