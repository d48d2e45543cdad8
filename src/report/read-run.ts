import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import type { CountedWarning } from "../base/warnings.js";
import { type EvaluationFile, evaluationFile, type MetricsLine, metricsLine } from "./records.js";
import { type RoundSummary, summariseRound } from "./rounds.js";

/** What a run folder holds, each part present or said to be missing. */
export interface RunRecord {
  /** The folder's own name. */
  readonly name: string;
  readonly origin: Origin;
  readonly manifest: Readonly<Record<string, unknown>> | null;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly metrics: readonly MetricsLine[];
  readonly evaluation: EvaluationFile | null;
  readonly rounds: readonly RoundSummary[];
  readonly warnings: readonly CountedWarning[];
  /** Sentences about what could not be shown. */
  readonly missing: readonly string[];
}

/** Reads a run folder. A part that is absent or damaged becomes a sentence in `missing`, never an error. */
export async function readRun(folder: string): Promise<RunRecord> {
  const missing: string[] = [];
  const plain = z.record(z.string(), z.unknown());
  const manifest = readJson(folder, "manifest.json", plain, missing);
  return {
    name: basename(resolve(folder)),
    origin: originOf(manifest ?? {}),
    manifest,
    config: readJson(folder, "config.json", plain, missing),
    metrics: await readMetrics(folder, missing),
    evaluation: readJson(folder, "evaluation.json", evaluationFile, missing),
    rounds: await readRounds(folder, missing),
    warnings: z.array(warning).catch([]).parse(manifest?.["warnings"]),
    missing,
  };
}

/** Where the run comes from, as far as its manifest tells. */
export interface Origin {
  readonly model: string | null;
  readonly data: string | null;
  readonly format: string | null;
  readonly version: string | null;
  readonly seed: string | null;
  readonly date: string | null;
  readonly bestStep: string | null;
}

const warning = z.object({ code: z.string(), message: z.string(), count: z.number() });

function originOf(manifest: Readonly<Record<string, unknown>>): Origin {
  const at = (...path: readonly string[]): string | null => {
    const value = path.reduce<unknown>((held, key) => (held as Record<string, unknown> | undefined)?.[key], manifest);
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  };
  return {
    model: at("model", "fingerprint"),
    data: at("data", "fingerprint"),
    format: at("data", "format"),
    version: at("version"),
    seed: at("seed"),
    date: at("timing", "finished"),
    bestStep: at("result", "best", "step"),
  };
}

function readJson<T>(folder: string, name: string, schema: z.ZodType<T>, missing: string[]): T | null {
  const path = join(folder, name);
  if (!existsSync(path)) {
    missing.push(`There is no ${name}.`);
    return null;
  }
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    missing.push(`${name} cannot be read: ${reason(error)}.`);
    return null;
  }
}

async function readMetrics(folder: string, missing: string[]): Promise<MetricsLine[]> {
  const path = join(folder, "metrics.jsonl");
  if (!existsSync(path)) {
    missing.push("There is no metrics.jsonl.");
    return [];
  }
  const lines: MetricsLine[] = [];
  let unread = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const parsed = parseLine(line, metricsLine);
    if (parsed === null) unread++;
    else lines.push(parsed);
  }
  if (unread > 0) missing.push(`${unread} ${unread === 1 ? "line" : "lines"} of metrics.jsonl cannot be read.`);
  return lines;
}

async function readRounds(folder: string, missing: string[]): Promise<RoundSummary[]> {
  const place = join(folder, "negatives");
  const names = existsSync(place) ? readdirSync(place).filter((name) => /^round-\d+\.jsonl\.gz$/.test(name)) : [];
  const rounds: RoundSummary[] = [];
  for (const name of names.sort()) {
    const source = createReadStream(join(place, name));
    const input = source.pipe(createGunzip());
    source.on("error", (error) => input.destroy(error));
    try {
      rounds.push(await summariseRound(name, createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })));
    } catch (error) {
      missing.push(`negatives/${name} cannot be read: ${reason(error)}.`);
    }
  }
  return rounds;
}

function parseLine<T>(line: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function reason(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return issue === undefined ? "unexpected content" : `${issue.path.join(".")}: ${issue.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
