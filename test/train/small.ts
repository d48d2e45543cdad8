import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { Engine } from "#nearmiss/engine/types.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { type TrainResult, type TrainRunOptions, trainRun } from "#nearmiss/train/train.js";

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, removed after the test file. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-train-"));
  made.push(folder);
  return folder;
}

export interface Pair {
  readonly query: string;
  readonly positive: string;
  readonly [negative: `negative_${number}`]: string;
}

const syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu"];

/** A made-up word for each number below 1000. */
const word = (n: number): string =>
  `${syllables[n % 10]}${syllables[Math.floor(n / 10) % 10]}${syllables[Math.floor(n / 100) % 10]}`;

/**
 * Seeded pairs: documents on topics of twelve words each, queries of a few of the document's words. Every fourth document answers two
 * queries, and every seventh query is asked twice, with two documents that are both right.
 */
export function makePairs(count: number, seed: number): Pair[] {
  const random = rng(seed, "pairs");
  const pick = (topic: number): string => word(((topic % 40) * 12 + random.int(12)) % 1000);
  const words = (topic: number, n: number): string => Array.from({ length: n }, () => pick(topic)).join(" ");
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    const topic = random.int(40);
    const name = word(500 + random.int(500));
    const positive = `${name} ${words(topic, 8 + random.int(6))}`;
    const query = `${name} ${words(topic, 3)}`;
    pairs.push({ query, positive });
    if (pairs.length % 4 === 0) pairs.push({ query: `why ${name} ${pick(topic)}`, positive });
    if (pairs.length % 7 === 0) pairs.push({ query, positive: `${name} ${words(topic, 10)}` });
  }
  return pairs.slice(0, count);
}

export const jsonl = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** A folder with `train.jsonl`, `dev.jsonl` and `test.jsonl` of made-up pairs. */
export function writeData(folder: string, count = 240): string {
  for (const [i, split] of (["train", "dev", "test"] as const).entries()) {
    writeFileSync(join(folder, `${split}.jsonl`), jsonl(makePairs(split === "train" ? count : 40, i + 1)));
  }
  return folder;
}

/** A short static run with every kind of event: evaluations, checkpoints between them, two rounds of negatives. */
export const shortStatic = {
  model: "static",
  dimension: 16,
  vocabularySize: 400,
  batchSize: 24,
  steps: 24,
  learningRate: 0.05,
  mineFrom: 0.3,
  refreshEvery: 9,
  evalEvery: 6,
  checkpointEvery: 5,
  depth: 20,
  count: 2,
  filters: ["perc-pos=0.99"],
} as const satisfies TrainConfigInput;

/** A tiny transformer with dropout. */
export const shortBert = {
  ...shortStatic,
  model: "bert",
  dimension: 16,
  layers: 1,
  heads: 2,
  intermediate: 32,
  maxLength: 24,
  dropout: 0.1,
  batchSize: 12,
  steps: 10,
  refreshEvery: 4,
  evalEvery: 4,
  checkpointEvery: 3,
  learningRate: 1e-3,
} as const satisfies TrainConfigInput;

/** Relative paths of all files below a folder, in order. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Path → bytes and time of last change of every file. */
export function fileStates(folder: string): ReadonlyMap<string, string> {
  return new Map(
    filesOf(folder).map((name) => {
      const path = join(folder, name);
      return [name, `${statSync(path).mtimeMs} ${readFileSync(path).toString("base64")}`];
    }),
  );
}

/**
 * What must be equal in two runs of the same command, however often they were stopped: every file, without `timing` and without the report, which
 * shows it. Warnings are those of one process: pools that are read again warn of nothing.
 */
export function comparable(run: string): Record<string, string> {
  return Object.fromEntries(
    filesOf(run).map((name) => {
      const bytes = readFileSync(join(run, name));
      if (name === "report.html") return [name, "a page"];
      if (name === "metrics.jsonl") return [name, bytes.toString("utf8").split("\n").map(withoutTiming).join("\n")];
      if (name === "manifest.json") return [name, withoutTiming(bytes.toString("utf8"))];
      return [name, bytes.toString("base64")];
    }),
  );
}

function withoutTiming(text: string): string {
  if (text === "") return "";
  const { timing, warnings, ...rest } = JSON.parse(text) as Record<string, unknown>;
  if (timing === undefined) throw new Error(`a record without timing: ${text}`);
  return JSON.stringify(rest);
}

const engines = new Map<number, Promise<Engine>>();

/** Lends an engine with one thread (or `threads`): one for all tests of a process, since a run must not depend on those before it. */
export async function withEngine<T>(use: (engine: Engine) => Promise<T>, threads = 1): Promise<T> {
  const engine = engines.get(threads) ?? createEngine({ threads });
  engines.set(threads, engine);
  return use(await engine);
}

export type RunOptions = Omit<TrainRunOptions, "config" | "engine"> & { readonly threads?: number };

/** Trains as the command does, but for export and report. */
export function run(config: TrainConfigInput, { threads, ...options }: RunOptions): Promise<TrainResult> {
  return withEngine((engine) => trainRun({ ...options, config: resolveConfig(config), engine }), threads);
}
