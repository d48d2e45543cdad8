import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { downloadFile, HubApiError, type ListFileEntry, listFiles, modelInfo } from "@huggingface/hub";
import { inputError, NearmissError, workError } from "../base/errors.js";
import { renameOver, syncFolder, writeError, writeFileAtomic } from "../base/files.js";
import { noProgress, type Progress } from "../base/progress.js";
import { version } from "../base/version.js";
import { hasWeights, neededFiles } from "./pull-files.js";

export interface PullOptions {
  /** `organisation/name`. */
  readonly repository: string;
  /** A branch, tag or commit; default `main`. */
  readonly revision?: string;
  /** The local folder. */
  readonly out: string;
  /** Writes into a folder that holds something else. */
  readonly force?: boolean;
  /** Default: the public Hub. */
  readonly endpoint?: string;
  readonly token?: string;
  readonly progress?: Progress;
}

/** `result` of `nearmiss pull`, also in the folder as `nearmiss.pull.json`. */
export interface PullResult {
  readonly repository: string;
  readonly revision: string;
  /** What the revision named when it was pulled. */
  readonly commit: string;
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly hash: string }[];
}

const RECORD = "nearmiss.pull.json";

/**
 * Copies a model of the Hub into a folder: only the files that are needed, each checked by its size and hash. What is there already and
 * right is kept, a file that was broken off goes on where it stopped. Throws `no-such-model`, `no-access`, `no-weights`, `wrong-hash`.
 */
export async function pull(options: PullOptions): Promise<PullResult> {
  const { repository, revision = "main", out, progress = noProgress } = options;
  if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(repository)) {
    throw inputError("usage", "a model is named by its organisation and its name", {
      field: "model",
      found: repository,
      expected: "organisation/name",
    });
  }
  refuseOthers(out, repository, options.force === true);
  const at = {
    ...(options.endpoint === undefined ? {} : { hubUrl: options.endpoint.replace(/\/+$/, "") }),
    ...(options.token === undefined ? {} : { accessToken: options.token }),
  };
  const commit = await asking(repository, revision, async () => {
    const { sha } = await modelInfo({ name: repository, revision, additionalFields: ["sha"], ...at });
    return sha;
  });
  const source = { repo: { type: "model", name: repository } as const, revision: commit, ...at };
  const entries = await asking(repository, revision, async () => {
    const all: ListFileEntry[] = [];
    for await (const entry of listFiles({ ...source, recursive: true })) if (entry.type === "file") all.push(entry);
    return all;
  });
  const wanted = chosen(entries, repository);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const entry of wanted) {
    const report = (bytes: number) => progress({ stage: "pull", done: done + bytes, total, note: entry.path });
    await fetchFile(
      entry,
      join(out, entry.path),
      () => downloadFile({ ...source, path: entry.path, xet: false }),
      report,
    );
    done += entry.size;
  }
  const result: PullResult = {
    repository,
    revision,
    commit,
    folder: out,
    files: wanted.map((entry) => ({ path: entry.path, size: entry.size, hash: hashOf(entry) })),
  };
  writeFileAtomic(join(out, RECORD), `${JSON.stringify({ version: version(), ...result }, null, 2)}\n`);
  return result;
}

/** A folder that holds something else is not touched. */
function refuseOthers(folder: string, repository: string, force: boolean): void {
  if (force || !existsSync(folder) || readdirSync(folder).length === 0) return;
  const record = join(folder, RECORD);
  const begun = readdirSync(folder).some((name) => name.endsWith(PARTIAL));
  const held = existsSync(record)
    ? (JSON.parse(readFileSync(record, "utf8")) as { repository?: string }).repository
    : null;
  if (held === repository || (held === null && begun)) return;
  throw inputError("exists", "the folder holds something else", {
    file: folder,
    ...(held == null ? {} : { found: held }),
    hint: "name another folder with --out, or give --force",
  });
}

/** The entries to fetch, weights last: what is wrong with small files shows at once. */
function chosen(entries: readonly ListFileEntry[], repository: string): readonly ListFileEntry[] {
  const paths = neededFiles(entries.map(({ path }) => path));
  if (!hasWeights(paths)) {
    const pickles = entries.filter(({ path }) => /\.(bin|pt|pth|ckpt|pkl)$/.test(path)).map(({ path }) => path);
    throw inputError("no-weights", `${repository} has no weights in the safetensors format`, {
      ...(pickles.length === 0 ? {} : { found: pickles.join(", ") }),
      expected: "model.safetensors, or its shards with model.safetensors.index.json",
      ...(pickles.length === 0
        ? {}
        : { hint: "files of these kinds can run code when they are read, and are refused" }),
    });
  }
  const wanted = new Set(paths);
  return entries.filter(({ path }) => wanted.has(path)).sort((a, b) => a.size - b.size || (a.path < b.path ? -1 : 1));
}

/** sha256 of a large file, git's own hash of a small one. */
function hashOf({ lfs, oid }: ListFileEntry): string {
  return lfs === undefined ? `git:${oid}` : `sha256:${lfs.oid}`;
}

const PARTIAL = ".pulling";

async function fetchFile(
  entry: ListFileEntry,
  path: string,
  get: () => Promise<Blob | null>,
  report: (bytes: number) => void,
): Promise<void> {
  if (existsSync(path) && (await hashed(entry, path)) === hashOf(entry)) return;
  // The hash is part of the name: what another revision left unfinished is not continued.
  const beside = `${path}.${(entry.lfs?.oid ?? entry.oid ?? "").slice(0, 12)}${PARTIAL}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const begun = existsSync(beside) ? statSync(beside).size : 0;
    const blob = await get();
    if (blob === null) throw workError("no-such-file", `the Hub has no ${entry.path} any more`);
    const rest = begun > 0 && begun < blob.size ? blob.slice(begun) : blob;
    const flags = rest === blob ? "w" : "a";
    let bytes = rest === blob ? 0 : begun;
    const counted = Readable.fromWeb(rest.stream() as ReadableStream<Uint8Array>).on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      report(bytes);
    });
    await pipeline(counted, createWriteStream(beside, { flags }));
    const found = await hashed(entry, beside);
    if (found !== hashOf(entry)) {
      throw workError("wrong-hash", `what arrived is not ${entry.path}`, {
        file: beside,
        found: `${statSync(beside).size} bytes, ${found}`,
        expected: `${entry.size} bytes, ${hashOf(entry)}`,
        hint: "the same command fetches it anew",
      });
    }
    const handle = await open(beside, "r+");
    await handle.sync();
    await handle.close();
    renameOver(beside, path);
    syncFolder(dirname(path));
  } catch (error) {
    if (error instanceof NearmissError) throw error;
    if (error instanceof Error && "syscall" in error && "path" in error) throw writeError(path, error);
    throw workError("connection", `the transfer of ${entry.path} broke off`, {
      found: error instanceof Error ? error.message : String(error),
      hint: "the same command continues it",
    });
  }
}

/** The hash of a file as the Hub gives it for the entry. */
async function hashed({ lfs }: ListFileEntry, path: string): Promise<string> {
  const hash = createHash(lfs === undefined ? "sha1" : "sha256");
  if (lfs === undefined) hash.update(`blob ${statSync(path).size}\0`);
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  return `${lfs === undefined ? "git" : "sha256"}:${hash.digest("hex")}`;
}

/** The Hub's refusals in words that say what to do. */
async function asking<T>(repository: string, revision: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HubApiError)) {
      throw workError("connection", "the Hub does not answer", {
        found:
          error instanceof Error
            ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ""}`
            : String(error),
        hint: "HF_ENDPOINT names another server",
      });
    }
    if (error.statusCode === 404) {
      throw inputError("no-such-model", "the Hub has no such model or revision", {
        found: `${repository} at ${revision}`,
      });
    }
    if (error.statusCode === 401 || error.statusCode === 403) {
      throw inputError("no-access", `the Hub does not give ${repository} to everybody, or it does not exist`, {
        found: error.message,
        hint: "accept its terms on its page and set HF_TOKEN to a token of yours that may read it",
      });
    }
    throw workError("hub", "the Hub refused", { found: `${error.statusCode} ${error.message}` });
  }
}
