import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { removeAll, writeFileAtomic } from "../base/files.js";
import { canonicalJson } from "../base/fingerprint.js";
import type { TrainConfig } from "./config.js";
import type { TrainingData } from "./kinds.js";
import type { Learner } from "./learner.js";

/** What a run without a checkpoint makes anew. */
const progressFiles = ["metrics.jsonl", "checkpoints", "negatives"] as const;

/** All that a run writes. A folder with one of these is in use; nothing else in it is ever touched. */
const runFiles = ["config.json", "manifest.json", "report.html", "evaluation.json", "model", ...progressFiles] as const;

/** How far a run folder is. */
export type RunStatus = "new" | "begun" | "finished";

/** `RUN/manifest.json`. It is complete once `finished` is true; `timing` holds what differs between equal runs. */
export interface RunManifest {
  readonly version: string;
  readonly finished: boolean;
  readonly data: {
    readonly source: string;
    readonly format: string;
    readonly fingerprint: string;
    readonly kind: TrainingData["kind"];
  };
  readonly model: { readonly start: Learner["start"]; readonly fingerprint: string | null };
  readonly seed: number;
  readonly result: unknown;
  readonly warnings: readonly unknown[];
  readonly timing: Readonly<Record<string, unknown>>;
}

/**
 * Checks that the run may start or go on. Throws `run-exists` for a folder in use without `--resume`, and `resume-mismatch` where the
 * options differ from those the run was begun with.
 */
export function openRun(run: string, config: TrainConfig, resume: boolean, force: boolean): RunStatus {
  const configFile = join(run, "config.json");
  if (existsSync(run) && !statSync(run).isDirectory())
    throw inputError("bad-output", "a run is a folder, and there is a file of this name", { file: run });
  if (!runFiles.some((name) => existsSync(join(run, name)))) return "new";
  if (!resume) {
    if (force) return "new";
    throw inputError("run-exists", "there is a run already", {
      file: run,
      hint: "continue it with --resume, replace it with --force, or choose another folder",
    });
  }
  const before = readObject(configFile) as Readonly<Record<string, unknown>>;
  const now = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (canonicalJson(before[key] ?? null) === canonicalJson(now[key] ?? null)) continue;
    throw inputError("resume-mismatch", "a run is resumed with the options it was begun with", {
      file: configFile,
      field: key,
      found: canonicalJson(now[key] ?? null),
      expected: canonicalJson(before[key] ?? null),
      hint: "give the same command, or begin another run",
    });
  }
  return readManifest(run)?.finished === true ? "finished" : "begun";
}

/** The kind of data of a run that stands there, of which options follow; undefined where there is no run. */
export function recordedKind(run: string): TrainingData["kind"] | undefined {
  if (!existsSync(join(run, "manifest.json"))) return existsSync(join(run, "config.json")) ? "retrieval" : undefined;
  return readManifest(run)?.data.kind ?? "retrieval";
}

export function readManifest(run: string): RunManifest | null {
  const path = join(run, "manifest.json");
  return existsSync(path) ? (readObject(path) as RunManifest) : null;
}

/**
 * A run is continued with the data and the starting weights it was begun with, which options only name. Throws `data-changed`, `model-changed` or
 * `vectors-changed`.
 */
export function checkOrigin(run: string, data: RunManifest["data"], start: Learner["start"]): void {
  const before = readManifest(run);
  if (before === null) return;
  const compare = (what: "data" | "model" | "vectors", found: string | undefined, expected: string | undefined) => {
    if (found === expected) return;
    throw inputError(`${what}-changed`, `the ${what} changed since the run was begun`, {
      file: what === "data" ? data.source : start.kind === "folder" ? start.path : run,
      found: `fingerprint ${found}`,
      expected: `fingerprint ${expected}`,
      hint: `put the ${what} back as it was, or begin another run`,
    });
  };
  compare("data", data.fingerprint, before.data.fingerprint);
  compare("model", start.fingerprint, before.model.start.fingerprint);
  compare("vectors", vectorsOf(start), vectorsOf(before.model.start));
}

function vectorsOf(start: Learner["start"]): string | undefined {
  return "vectors" in start ? start.vectors : undefined;
}

/** Makes the folder, before anything is written into it. Throws `bad-output` where that cannot be. */
export function makeRunFolder(run: string): void {
  try {
    mkdirSync(run, { recursive: true });
  } catch (error) {
    throw inputError("bad-output", "the run's folder cannot be made", {
      file: run,
      found: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Takes away what an earlier run left: all of it, or only how far it came. */
export function clearRun(run: string, what: "all" | "progress"): void {
  for (const name of what === "all" ? runFiles : progressFiles) removeAll(join(run, name));
}

/** Removes files that a killed run was about to write. */
export function removePartial(run: string): void {
  const root = join(run, "checkpoints");
  const steps = existsSync(root) ? readdirSync(root).filter((name) => name.startsWith("step-")) : [];
  for (const folder of [run, join(run, "negatives"), ...steps.map((name) => join(root, name))]) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (/^\..+\.partial(\.replaced)?$/.test(name)) removeAll(join(folder, name));
    }
  }
}

function readObject(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw inputError("broken-run", "this file of the run cannot be read", {
      file: path,
      found: error instanceof Error ? error.message : String(error),
      hint: "replace the run with --force, or choose another folder",
    });
  }
}

export function writeManifest(run: string, manifest: RunManifest): void {
  writeFileAtomic(join(run, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
