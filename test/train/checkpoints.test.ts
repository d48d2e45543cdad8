import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Engine, Optimiser, Weights } from "#nearmiss/engine/types.js";
import { openCheckpoints, type RunState } from "#nearmiss/train/checkpoints.js";
import { emptyFolder } from "./small.js";

let run = "";
beforeEach(() => {
  run = emptyFolder();
});

/** As much of an engine as checkpoints use: it writes what the handle is called. */
const engine = {
  saveWeights: async (_: Weights, path: string) => writeFileSync(path, "weights"),
  saveOptimiser: async (_: Optimiser, path: string) => writeFileSync(path, "optimiser"),
} as unknown as Engine;
const handle = { id: 1, shapes: new Map() };
const state = (step: number, best: RunState["best"] = null): RunState => ({ step, best, stale: 0 });
const save = (step: number, best: RunState["best"] = null) =>
  openCheckpoints(run).save(engine, handle, handle, state(step, best));
const saveAll = async (...steps: readonly number[]) => {
  for (const step of steps) await save(step);
};
const names = () => readdirSync(join(run, "checkpoints")).sort();

test("a checkpoint is a folder with weights, optimiser, state and a mark", async () => {
  await save(120, { step: 100, value: 0.5 });
  expect(names()).toEqual(["step-000120"]);
  expect(readdirSync(join(run, "checkpoints/step-000120")).sort()).toEqual([
    "COMPLETE",
    "optimizer.safetensors",
    "state.json",
    "weights.safetensors",
  ]);
  expect(openCheckpoints(run).read(120)).toEqual(state(120, { step: 100, value: 0.5 }));
});

test("steps are in order of number, also beyond six digits", async () => {
  await saveAll(1_000_000, 999_999, 7);
  expect(openCheckpoints(run).steps()).toEqual([7, 999_999, 1_000_000]);
});

test("only folders with a mark count; a fresh run has none", async () => {
  expect(openCheckpoints(run).steps()).toEqual([]);
  await saveAll(1, 2);
  rmSync(join(run, "checkpoints/step-000002/COMPLETE"));
  mkdirSync(join(run, "checkpoints/.step-3.partial"));
  expect(openCheckpoints(run).steps()).toEqual([1]);
  await save(2);
  expect(openCheckpoints(run).steps()).toEqual([1, 2]);
});

test("the newest two and the best are kept, and what was left unfinished goes", async () => {
  await saveAll(10, 20, 30, 40);
  mkdirSync(join(run, "checkpoints/.step-50.partial"));
  mkdirSync(join(run, "checkpoints/step-000025"));
  openCheckpoints(run).prune(10, () => true);
  expect(names()).toEqual(["step-000010", "step-000030", "step-000040"]);
  openCheckpoints(run).prune(40, () => true);
  expect(names()).toEqual(["step-000030", "step-000040"]);
});

test("a checkpoint of an interruption is kept only while it is the newest", async () => {
  const planned = (step: number) => step % 10 === 0;
  await saveAll(10, 20, 23);
  openCheckpoints(run).prune(null, planned);
  expect(names()).toEqual(["step-000020", "step-000023"]);
  await save(30);
  openCheckpoints(run).prune(null, planned);
  expect(names()).toEqual(["step-000020", "step-000030"]);
});

test("saving the same step again changes its state alone", async () => {
  await save(5);
  const weights = join(run, "checkpoints/step-000005/weights.safetensors");
  writeFileSync(weights, "as they were");
  await save(5, { step: 5, value: 0.25 });
  expect(readFileSync(weights, "utf8")).toBe("as they were");
  expect(openCheckpoints(run).read(5).best).toEqual({ step: 5, value: 0.25 });
});

test("a failure to write is named, leaves no half checkpoint and the one before whole", async () => {
  await save(1);
  const full = {
    ...engine,
    saveOptimiser: async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" });
    },
  } as unknown as Engine;
  await expect(openCheckpoints(run).save(full, handle, handle, state(2))).rejects.toMatchObject({
    code: "cannot-write",
    exitCode: 1,
    message: expect.stringMatching(/step-000002.*no space left/),
  });
  expect(names()).toEqual(["step-000001"]);
});

test("a state that cannot be read says which checkpoint to remove", async () => {
  await save(1);
  const file = join(run, "checkpoints/step-000001/state.json");
  writeFileSync(file, '{"step": 1');
  expect(() => openCheckpoints(run).read(1)).toThrow(expect.objectContaining({ code: "broken-checkpoint" }));
  expect(existsSync(file)).toBe(true);
});
