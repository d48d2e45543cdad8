import { once } from "node:events";
import { closeSync, createWriteStream, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { workError } from "./errors.js";

/** Writes a file beside its place, syncs it and renames it: a reader sees the old content or the new one, never a part. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  writePiecesAtomic(path, [typeof content === "string" ? Buffer.from(content, "utf8") : content]);
}

/** As `writeFileAtomic` for bytes that come in pieces and together may not fit one buffer. */
export function writePiecesAtomic(path: string, pieces: Iterable<Uint8Array>): void {
  makeFolderOf(path);
  const beside = temporaryName(path);
  try {
    writePieces(beside, pieces);
    renameOver(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw writeError(path, error);
  }
  syncFolder(dirname(path));
}

function writePieces(path: string, pieces: Iterable<Uint8Array>): void {
  const handle = openSync(path, "w");
  try {
    for (const bytes of pieces)
      for (let written = 0; written < bytes.length; )
        written += writeSync(handle, bytes, written, Math.min(bytes.length - written, MAX_WRITE));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** As `writeFileAtomic` for text that comes in pieces; gzipped (with no time stamp, so equal content gives equal bytes) when the path ends in `.gz`. */
export async function writeStreamAtomic(
  path: string,
  pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  makeFolderOf(path);
  const beside = temporaryName(path);
  try {
    const source = Readable.from(pieces, { objectMode: true });
    const target = createWriteStream(beside);
    // Else a failure could come before the file does, which would stay.
    await once(target, "open");
    if (path.endsWith(".gz")) await pipeline(source, createGzip({ level: 1 }), target);
    else await pipeline(source, target);
    const handle = await open(beside, "r+");
    await handle.sync();
    await handle.close();
    renameOver(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw writeError(path, error);
  }
  syncFolder(dirname(path));
}

function makeFolderOf(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
}

/** A failure of the system (a full disk, no permission) as an error that names the file; any other error as it is. */
export function writeError(file: string, error: unknown): unknown {
  if (!(error instanceof Error && "syscall" in error)) return error;
  return workError("cannot-write", "the file cannot be written", { file, found: error.message });
}

/**
 * Renames over a file that may stand there. On Windows this fails while another program looks at one of the two, as virus scanners do for a moment: there it is tried again
 * for two seconds.
 */
export function renameOver(
  from: string,
  to: string,
  { platform = process.platform, rename = renameSync }: { platform?: NodeJS.Platform; rename?: typeof renameSync } = {},
): void {
  for (let pause = 10; ; pause *= 2) {
    try {
      rename(from, to);
      return;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      const held = code === "EPERM" || code === "EACCES" || code === "EBUSY";
      if (platform !== "win32" || !held || pause > 1000) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
  }
}

/** Removes a file or a folder with all that is in it, if it is there; on Windows again where another program holds a file of it for a moment. */
export function removeAll(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
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
