import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { openCheckpoints } from "#nearmiss/train/checkpoints.js";
import type { TrainConfigInput } from "#nearmiss/train/config.js";
import { makeLabelled } from "./labelled.js";
import { comparable, emptyFolder, jsonl, shortBert, shortStatic, writeData } from "./small.js";

const bin = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));

/** How a process ended: its exit code, null where it was killed. */
interface End {
  readonly code: number | null;
  readonly output: string;
}

/** When to kill: once the log has so many records, and a moment later. */
interface Moment {
  readonly records: number;
  readonly milliseconds: number;
}

/** Records of the log, of this run or of one before it. */
function recordsOf(folder: string): number {
  const log = join(folder, "run", "metrics.jsonl");
  return existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0;
}

/** Runs the command in a folder that has `data` and `config.json`. */
function train(folder: string, flags: readonly string[], kill?: Moment): Promise<End> {
  const command = [bin, "train", "--data", "data", "--out", "run", "--config", "config.json", "--quiet", ...flags];
  const child = spawn(process.execPath, command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += String(bytes)));
  if (kill !== undefined) strike(child, folder, kill);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

/** By the run's own progress, not by the clock: a busy machine must not move all kills to where nothing happens. */
function strike(child: ChildProcess, folder: string, { records, milliseconds }: Moment): void {
  const watch = setInterval(() => {
    if (recordsOf(folder) < records) return;
    clearInterval(watch);
    setTimeout(() => child.kill("SIGKILL"), milliseconds);
  }, 4);
  child.on("close", () => clearInterval(watch));
}

function prepare({ data = writeData, ...config }: Case): string {
  const folder = emptyFolder();
  mkdirSync(join(folder, "data"));
  data(join(folder, "data"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

/** What a case writes as its data, and its options. */
type Case = Omit<TrainConfigInput, "data"> & { readonly data?: (folder: string) => void };

function labelledTexts(folder: string): void {
  const { items, splits } = makeLabelled({ content: "text" });
  for (const [split, ids] of splits) {
    const rows = ids.map((id) => ({ text: items.get(id)?.text, label: items.get(id)?.labels[0] }));
    writeFileSync(join(folder, `${split}.jsonl`), jsonl(rows));
  }
}

const labelled = {
  data: labelledTexts,
  vocabularySize: 300,
  dimension: 16,
  learningRate: 0.05,
  steps: 120,
  evalEvery: 20,
  checkpointEvery: 7,
} as const;

const small = { dimension: 16, layers: 1, heads: 2, intermediate: 32, vocabularySize: 400, batchSize: 12 } as const;
const tower = { dropout: 0.1, steps: 60, evalEvery: 15, checkpointEvery: 7, maxLength: 24 } as const;

const cases: readonly (readonly [string, Case])[] = [
  ["a static model", { ...shortStatic, steps: 240, refreshEvery: 31, evalEvery: 20, checkpointEvery: 7 }],
  ["a static model, sparse optimiser, two micro-batches", { ...shortStatic, optimiser: "sparse-adamw", accumulate: 2 }],
  ["a transformer with dropout", { ...shortBert, steps: 40, refreshEvery: 9, evalEvery: 10, checkpointEvery: 3 }],
  ["labelled texts with a memory", { ...labelled, loss: "supcon", memory: 60, memoryFrom: 3 }],
  [
    "labelled texts with a miner that draws and a margin that is learnt",
    { ...labelled, loss: "margin", miner: "distance-weighted" },
  ],
  ["labelled texts, mined again and again", { ...labelled, loss: "triplet-margin", mine: "hardest", refreshEvery: 16 }],
  ["a cross-encoder with dropout", { ...tower, model: "cross-encoder", ...small, depth: 10, devDepth: 5 }],
  ["masked language modelling with dropout", { ...tower, loss: "mlm", ...small }],
];

/** Files of negatives, 2 for more: a first stage is asked once. */
function roundsOf({ data, loss, model, mine }: Case): number {
  if (loss === "mlm") return 0;
  if (model === "cross-encoder") return 1;
  return data === undefined || mine !== undefined ? 2 : 0;
}

test.each(cases)(
  "%s killed at ten random moments is the same run",
  async (name, config) => {
    const whole = prepare(config);
    expect(await train(whole, ["--threads", "1"])).toMatchObject({ code: 0 });
    const expected = comparable(join(whole, "run"));
    const records = recordsOf(whole);
    const rounds = Object.keys(expected).filter((file) => file.startsWith("negatives/"));
    expect(Math.min(rounds.length, 2)).toBe(roundsOf(config));

    const random = rng(7, "kill", name);
    let folder = prepare(config);
    const struck: string[] = [];
    for (let kills = 0; kills < 10; ) {
      // Mostly some way further than the run before came; now and then while the process starts.
      const further = random.int(5) === 0 ? 0 : 1 + random.int(Math.ceil(records / 4));
      const moment = { records: recordsOf(folder) + further, milliseconds: random.int(further === 0 ? 800 : 40) };
      const threads = String(1 + random.int(2));
      const { code, output } = await train(folder, ["--resume", "--threads", threads], moment);
      if (code === null) {
        kills++;
        const newest = openCheckpoints(join(folder, "run")).steps().at(-1);
        struck.push(`at record ${moment.records} and ${moment.milliseconds} ms: newest checkpoint ${newest}`);
        continue;
      }
      expect(code, output).toBe(0);
      expect(comparable(join(folder, "run")), struck.join("\n")).toEqual(expected);
      folder = prepare(config);
    }
    const last = await train(folder, ["--resume", "--threads", "2"]);
    expect(last.code, last.output).toBe(0);
    expect(comparable(join(folder, "run")), struck.join("\n")).toEqual(expected);
    // Else all kills struck before or after training, and nothing was tested.
    expect(new Set(struck.map((kill) => kill.split(":")[1])).size, struck.join("\n")).toBeGreaterThan(2);
  },
  600_000,
);
