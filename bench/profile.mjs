// Where the time of a fine-tuning step goes: onnxruntime's own profile of the step's graph, by kind of node.
//
//     node bench/profile.mjs MODEL DATA [--dropout 0.1] [--threads 2] [--top 25]
import { readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createSource } from "#nearmiss/engine/source.js";
import { bindRun, concreteShape } from "#nearmiss/engine/split.js";
import { pairLoss } from "#nearmiss/losses/index.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { fineTuning, randomBatches } from "./batches.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dropout: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
    batch: { type: "string", default: "32" },
    groups: { type: "string", default: "10" },
    steps: { type: "string", default: "3" },
    top: { type: "string", default: "25" },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const dropout = Number(values.dropout);
const steps = Number(values.steps);
const tuning = await fineTuning(model, positionals[1] ?? "../shared/data/medquad", {
  maxLength: 256,
  groups: Number(values.groups),
});
const { groups, feeds } = tuning.collate(randomBatches(tuning.data, 1, Number(values.batch))[0]);
const source = createSource(
  trainingSpec(tuning.encoder, pairLoss("mnrl"), { groups, dropout, attentionDropout: dropout }),
);
const prefix = `/tmp/nearmiss-profile-${process.pid}`;
const session = await InferenceSession.create(source.model, {
  executionProviders: ["cpu"],
  intraOpNumThreads: Number(values.threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: "basic",
  enableMemPattern: false,
  logSeverityLevel: 3,
  enableProfiling: true,
  profileFilePrefix: prefix,
});
const bindings = bindRun(source, feeds, tuning.weights);
const inputs = {};
for (const { graphName, name } of source.graphInputs) inputs[graphName] = tensorOf(feeds[name]);
for (const { graphName, name } of source.graphParameters) inputs[graphName] = tensorOf(tuning.weights.get(name));
for (const mask of source.masks) {
  const shape = concreteShape(mask.shape, bindings);
  const kept = new Uint8Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < kept.length; i++) kept[i] = Math.random() >= mask.rate ? 1 : 0;
  inputs[mask.graphName] = new Tensor("bool", kept, shape);
}
const seconds = [];
for (let i = 0; i < steps; i++) {
  const [begin, used] = [performance.now(), process.cpuUsage()];
  await session.run(inputs);
  const { user, system } = process.cpuUsage(used);
  seconds.push({ wall: (performance.now() - begin) / 1000, user: user / 1e6, system: system / 1e6 });
}
session.endProfiling();
const file = (await import("node:fs")).readdirSync("/tmp").find((name) => `/tmp/${name}`.startsWith(prefix));
const events = JSON.parse(readFileSync(`/tmp/${file}`, "utf8"));
rmSync(`/tmp/${file}`);
// The least of the steps for each node: what other processes took away is not the node's.
const least = new Map();
for (const { cat, name, dur, args } of events) {
  if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
  const before = least.get(name);
  if (before === undefined || dur < before.dur) least.set(name, { dur, args });
}
const sums = new Map();
let total = 0;
for (const { dur, args } of least.values()) {
  const shapes = (args.input_type_shape ?? [])
    .map((one) => Object.values(one)[0].join("x"))
    .slice(0, 3)
    .join(" ");
  for (const key of [args.op_name, process.env.SHAPES ? `${args.op_name} ${shapes}` : null]) {
    if (key === null) continue;
    const sum = sums.get(key) ?? { ms: 0, count: 0 };
    sums.set(key, { ms: sum.ms + dur / 1000, count: sum.count + 1 });
  }
  total += dur / 1000;
}
console.log({ nodes: [...sums.values()].reduce((a, b) => a + b.count, 0), total, seconds, tokens: feeds.ids.shape[0] });
for (const [name, { ms, count }] of [...sums].sort(([, a], [, b]) => b.ms - a.ms).slice(0, Number(values.top)))
  console.log(
    `${ms.toFixed(1).padStart(8)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} % ${Math.round(count).toString().padStart(6)} × ${name}`,
  );

function tensorOf({ dtype, shape, data }) {
  return new Tensor(dtype, data, shape);
}
