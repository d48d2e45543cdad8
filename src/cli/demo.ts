import { join } from "node:path";
import type { Progress } from "../base/progress.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { ensureDev } from "../data/splits.js";
import type { EvaluationResult } from "../evaluate/systems.js";
import { evaluate, train } from "../main.js";
import { given } from "./given.js";

export interface DemoOptions {
  readonly data: RetrievalData;
  /** A folder with a run in it for each way of choosing negatives. */
  readonly out: string;
  /** Trains a small transformer too; that takes minutes. */
  readonly transformer: boolean;
  readonly force: boolean;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly warnings: Warnings;
  /** Hears what comes next. */
  readonly say: (text: string) => void;
}

export interface DemoResult {
  /** The run of the default chain. */
  readonly run: string;
  readonly model: string;
  readonly evaluation: EvaluationResult;
}

/** The ways of choosing negatives that the demo compares; the first is the default chain. */
const samplers = ["simans", "top-k", "random", "in-batch"] as const;

/**
 * Trains one static model for each way of choosing negatives and measures them side by side with the baselines. Finished runs are
 * taken as they are, interrupted ones go on, unless `force` is given.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { out, seed, threads, signal, progress, warnings, force, say } = options;
  const data = ensureDev(options.data);
  const runs = [
    ...samplers.map((sampler) => ({ name: sampler, model: "static", sampler })),
    ...(options.transformer ? [{ name: "transformer", model: "bert", sampler: "simans" as const }] : []),
  ];
  // In the order in which a reader meets them: plain first, the default chain last.
  for (const { name, model, sampler } of [...runs].reverse()) {
    say(`Training ${name === "transformer" ? "a small transformer" : `a static model, negatives: ${name}`}`);
    const common = { data, out: join(out, name), model, sampler, seed, signal, progress, warnings };
    await train({ ...common, ...given({ threads }), ...(force ? { force } : { resume: true }) });
  }
  const folder = (name: string): string => join(out, name, "model");
  say("Measuring them side by side");
  const evaluation = await evaluate({
    data,
    model: folder("simans"),
    name: "simans",
    beside: runs.slice(1).map(({ name }) => ({ name, model: folder(name) })),
    split: data.splits.has("test") ? "test" : "dev",
    ...{ seed, progress, warnings },
    ...given({ threads }),
  });
  return { run: join(out, "simans"), model: folder("simans"), evaluation };
}
