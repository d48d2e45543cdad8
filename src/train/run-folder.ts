import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { writeFileAtomic } from "../base/files.js";
import { canonicalJson } from "../base/fingerprint.js";
import type { TrainConfig } from "./config.js";

/** How far a run folder is. */
export type RunStatus = "new" | "begun" | "finished";

/** `RUN/manifest.json`. It is complete once `finished` is true; `timing` holds what differs between equal runs. */
export interface RunManifest {
  readonly version: string;
  readonly finished: boolean;
  readonly data: { readonly source: string; readonly format: string; readonly fingerprint: string };
  readonly model: { readonly start: unknown; readonly fingerprint: string | null };
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
  if (!existsSync(run) || (!existsSync(configFile) && !existsSync(join(run, "manifest.json")))) return "new";
  if (!resume) {
    if (force) return "new";
    throw inputError("run-exists", "there is a run already", {
      file: run,
      hint: "continue it with --resume, replace it with --force, or choose another folder",
    });
  }
  const before = JSON.parse(readFileSync(configFile, "utf8")) as Record<string, unknown>;
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

export function readManifest(run: string): RunManifest | null {
  const path = join(run, "manifest.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as RunManifest) : null;
}

export function writeManifest(run: string, manifest: RunManifest): void {
  writeFileAtomic(join(run, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
