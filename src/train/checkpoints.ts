import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { workError } from "../base/errors.js";
import { removeAll, renameOver, syncFolder, writeError, writeFileAtomic } from "../base/files.js";
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
  /** `also` writes what else the run must remember into the folder. */
  save(
    engine: Engine,
    weights: Weights,
    optimiser: Optimiser,
    state: RunState,
    also?: (folder: string) => void,
  ): Promise<void>;
  read(step: number): RunState;
  /**
   * Removes all but the newest two of those that an uninterrupted run makes too (`regular`), the best and the newest of all; and what a
   * killed run left unfinished.
   */
  prune(best: number | null, regular: (step: number) => boolean): void;
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
    async save(engine, weights, optimiser, state, also) {
      const target = folder(state.step);
      if (existsSync(join(target, "COMPLETE"))) {
        // The same step again (a refresh and an evaluation): weights and optimiser are equal, the state may know more.
        writeFileAtomic(join(target, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
        return;
      }
      const beside = join(root, `.step-${state.step}.partial`);
      try {
        removeAll(beside);
        removeAll(target);
        mkdirSync(beside, { recursive: true });
        await engine.saveWeights(weights, join(beside, WEIGHTS_FILE));
        await engine.saveOptimiser(optimiser, join(beside, OPTIMISER_FILE));
        also?.(beside);
        writeFileAtomic(join(beside, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
        writeFileAtomic(join(beside, "COMPLETE"), "");
        renameOver(beside, target);
        syncFolder(root);
      } catch (error) {
        // A half checkpoint on a full disk would only take more of it.
        removeAll(beside);
        throw writeError(target, error);
      }
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
    prune(best, regular) {
      const all = steps();
      const newest = all.at(-1);
      const keep = new Set([...all.filter((step) => step === newest || regular(step)).slice(-2), best]);
      // Without its mark a folder no longer counts, however much of it a kill leaves.
      for (const step of all) if (!keep.has(step)) rmSync(join(folder(step), "COMPLETE"));
      for (const name of existsSync(root) ? readdirSync(root) : []) {
        const whole = /^step-/.test(name) && existsSync(join(root, name, "COMPLETE"));
        if (!whole && /^step-|\.partial$/.test(name)) removeAll(join(root, name));
      }
    },
  };
}
