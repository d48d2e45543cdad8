// Do 8-bit products cost quality? The same fine-tuning with float32 and with 8-bit products, several seeds each: loss curves, and nDCG@10 on the
// development split at the end. What the precisions differ by stands beside what seeds differ by.
//
//     node bench/int8-quality.mjs [MODEL [DATA]] [--steps 120] [--seeds 3] [--batch 32] [--threads 2]
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { noProgress } from "#nearmiss/base/progress.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { prepareSession } from "#nearmiss/train/session.js";
import { machine } from "./machine.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "120" },
    seeds: { type: "string", default: "3" },
    batch: { type: "string", default: "32" },
    threads: { type: "string", default: "2" },
    "learning-rate": { type: "string", default: "2e-5" },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const source = positionals[1] ?? "../shared/data/medquad";
const [steps, seeds, batchSize, threads] = [values.steps, values.seeds, values.batch, values.threads].map(Number);
const data = await loadData(source);
const precisions = ["float32", "int8", "int8-gradient"];

async function train(precision, seed) {
  const learningRate = Number(values["learning-rate"]);
  const config = resolveConfig({
    data: source,
    model,
    sampler: "in-batch",
    precision,
    seed,
    steps,
    batchSize,
    learningRate,
  });
  const engine = await createEngine({ threads });
  const session = await prepareSession({ config, data, engine, warnings: collectWarnings(), progress: noProgress });
  const losses = [];
  for (let step = 0; step < steps; step++) losses.push((await session.trainer.update(step, session.plan, null)).loss);
  const measures = await session.task.evaluateDev();
  await session.release();
  await engine.close();
  console.error(`${precision}, seed ${seed}: nDCG@10 ${measures["ndcg@10"]}, last loss ${losses.at(-1)}`);
  return { seed, losses, ndcg: measures["ndcg@10"] };
}

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const runs = new Map(precisions.map((precision) => [precision, []]));
for (let seed = 1; seed <= seeds; seed++)
  for (const precision of precisions) runs.get(precision).push(await train(precision, seed));
const last = ({ losses }) => mean(losses.slice(-Math.ceil(steps / 4)));
const float32 = runs.get("float32");
const result = {
  name: "int8-quality",
  machine: machine(),
  steps,
  batchSize,
  precisions: Object.fromEntries(
    precisions.map((precision) => {
      const found = runs.get(precision);
      return [
        precision,
        {
          ndcg: found.map(({ ndcg }) => ndcg),
          lastLoss: found.map(last),
          // Of the same seed, to float32.
          ndcgDifference: found.map(({ ndcg }, i) => ndcg - float32[i].ndcg),
          lastLossDifference: found.map((run, i) => last(run) - last(float32[i])),
          losses: found.map(({ losses }) => losses),
        },
      ];
    }),
  ),
};
console.log(JSON.stringify(result, null, 2));
