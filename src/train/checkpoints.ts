import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { workError } from "../base/errors.js";
import { syncFolder, writeFileAtomic } from "../base/files.js";
import type { Engine, Optimiser, Weights } from "../engine/types.js";

/** What a run must remember besides weights and optimiser. */
export interface RunState {
  /** Updates made. */
  readonly step: number;
  readonly best: { readonly step: number; readonly value: number } | null;
  /** Evaluations since the best. */
  readonly stale: number;
}

/** The checkpoints of one run. A folder counts once its `COMPLETE` stands in it. */
export interface Checkpoints {
  folder(step: number): string;
  /** Complete checkpoints, oldest first. */
  steps(): readonly number[];
  save(engine: Engine, weights: Weights, optimiser: Optimiser, state: RunState): Promise<void>;
  read(step: number): RunState;
  /** Removes all but the newest two and the best. */
  prune(best: number | null): void;
}

export const WEIGHTS_FILE = "weights.safetensors";
export const OPTIMISER_FILE = "optimizer.safetensors";

export function openCheckpoints(run: string): Checkpoints {
  const root = join(run, "checkpoints");
  const folder = (step: number) => join(root, `step-${String(step).padStart(6, "0")}`);
  const steps = (): number[] =>
    (existsSync(root) ? readdirSync(root) : [])
      .flatMap((name) =>
        /^step-\d+$/.test(name) && existsSync(join(root, name, "COMPLETE")) ? [Number(name.slice(5))] : [],
      )
      .sort((a, b) => a - b);
  return {
    folder,
    steps,
    async save(engine, weights, optimiser, state) {
      const target = folder(state.step);
      if (existsSync(join(target, "COMPLETE"))) {
        // The same step again (a refresh and an evaluation): weights and optimiser are equal, the state may know more.
        writeFileAtomic(join(target, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
        return;
      }
      const beside = join(root, `.step-${state.step}.partial`);
      rmSync(beside, { recursive: true, force: true });
      rmSync(target, { recursive: true, force: true });
      mkdirSync(beside, { recursive: true });
      await engine.saveWeights(weights, join(beside, WEIGHTS_FILE));
      await engine.saveOptimiser(optimiser, join(beside, OPTIMISER_FILE));
      writeFileAtomic(join(beside, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
      writeFileAtomic(join(beside, "COMPLETE"), "");
      renameSync(beside, target);
      syncFolder(root);
    },
    read(step) {
      const path = join(folder(step), "state.json");
      try {
        return JSON.parse(readFileSync(path, "utf8")) as RunState;
      } catch (error) {
        throw workError("broken-checkpoint", "the state of this checkpoint cannot be read", {
          file: path,
          found: String(error),
          hint: "remove this checkpoint's folder; the run then continues from the one before",
        });
      }
    },
    prune(best) {
      const all = steps();
      const keep = new Set([...all.slice(-2), ...(best === null ? [] : [best])]);
      for (const step of all) if (!keep.has(step)) rmSync(folder(step), { recursive: true, force: true });
      for (const name of existsSync(root) ? readdirSync(root) : []) {
        if (name.endsWith(".partial")) rmSync(join(root, name), { recursive: true, force: true });
      }
    },
  };
}
