// Compiled, never run: what the public types must allow, and what they must refuse. A line below `@ts-expect-error` that compiles is an error.
import {
  type Comparison,
  evaluate,
  load,
  marginPositive,
  mine,
  mineToFile,
  type NearmissError,
  percPositive,
  type Sampler,
  simans,
  topK,
  train,
} from "nearmiss";
import { input, matmul, type Tensor } from "nearmiss/graph";

const data = "data";
const model = "model";

export async function allowed(): Promise<void> {
  const opened = await load(model, { threads: 2, cache: null });
  const { data: numbers, rows, dimension } = await opened.encode(["a text"], { as: "query" });
  const typed: Float32Array = numbers;
  const size: number = rows * dimension + typed.length;
  await opened.close();

  const run = await train({
    data,
    out: "run",
    model: "static",
    sampler: "simans",
    filters: ["perc-pos=0.9"],
    steps: size,
  });
  const best: { readonly step: number; readonly value: number } = run.best;
  const result = await evaluate({ data, model: run.model, baselines: ["bm25"], fuse: "bm25", depth: best.step });
  const comparison: Comparison | undefined = result.comparisons[0];
  const p: number | undefined = comparison?.p;

  const own: Sampler = simans({ kernel: "laplace", tau: p ?? 3 });
  for await (const { negatives, pool } of mine({
    data,
    model: "bm25",
    sampler: own,
    filters: [percPositive({ p: 0.95 })],
  })) {
    const first: string | undefined = negatives[0]?.id;
    const query: string = pool.query.id;
    if (first === query) break;
  }
  await mineToFile({
    data,
    model,
    sampler: topK(),
    filters: [marginPositive({ margin: 0.1 })],
    out: "n.jsonl",
    format: "tuples",
  });
}

export const similarity: Tensor = matmul(input("q", ["batch", 4]), input("d", ["batch", 4]), { transposeB: true });

export function code(error: NearmissError): 1 | 2 {
  return error.exitCode;
}

export async function refused(): Promise<void> {
  // @ts-expect-error: a run needs a folder
  await train({ data });
  // @ts-expect-error: no option has this name
  await train({ data, out: "run", epoch: 3 });
  // @ts-expect-error: a typing error in a sampler's name
  await train({ data, out: "run", sampler: "simnas" });
  // @ts-expect-error: no loss has this name
  await train({ data, out: "run", loss: "mnlr" });
  await train({ data, out: "run", loss: "triplet-margin", miner: "facenet-semi-hard" });
  // @ts-expect-error: no miner has this name
  await train({ data, out: "run", loss: "triplet-margin", miner: "semihard" });
  // @ts-expect-error: a loss over pairs takes no miner
  await train({ data, out: "run", loss: "mnrl", miner: "batch-hard" });
  // @ts-expect-error: a loss over scored pairs takes no mined triplets
  await train({ data, out: "run", loss: "cosent", mine: "hardest" });
  // @ts-expect-error: not a schedule
  await train({ data, out: "run", schedule: "exponential" });
  // @ts-expect-error: not an optimiser
  await train({ data, out: "run", optimiser: "adam" });
  // @ts-expect-error: not a baseline
  await evaluate({ data, model, baselines: ["bm26"] });
  // @ts-expect-error: fusion is with BM25 or tf-idf
  await evaluate({ data, model, fuse: "untrained" });
  // @ts-expect-error: in-batch has no pool to mine from
  mine({ data, model, sampler: "in-batch" });
  // @ts-expect-error: not a format
  await mineToFile({ data, model, sampler: "top-k", out: "n.jsonl", format: "rows" });
  // @ts-expect-error: not a policy
  mine({ data, model, sampler: "top-k", short: "ignore" });
  // @ts-expect-error: not a kernel
  simans({ kernel: "normal" });
  // @ts-expect-error: the share has a name
  percPositive(0.95);
  // @ts-expect-error: roles are query and document
  await (await load(model)).encode(["a text"], { as: "passage" });
}
