// Where the time of a fine-tuning step goes: onnxruntime's own profile of the step's graph by kind of node, and the kernels around it.
//
//     node bench/profile.mjs [MODEL [DATA]] [--dropout 0.1] [--precision int8] [--threads 2] [--steps 4] [--shapes]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { int8Spec } from "#nearmiss/engine/int8.js";
import { adamwFactors } from "#nearmiss/engine/reference.js";
import { createSource } from "#nearmiss/engine/source.js";
import { bindRun, concreteShape } from "#nearmiss/engine/split.js";
import { loss } from "#nearmiss/losses/index.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { fineTuning, randomBatches } from "./batches.mjs";
import { machine } from "./machine.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dropout: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
    batch: { type: "string", default: "32" },
    groups: { type: "string", default: "10" },
    steps: { type: "string", default: "4" },
    shapes: { type: "boolean", default: false },
    precision: { type: "string", default: "float32" },
    limit: { type: "string", default: "127" },
  },
});
const dropout = Number(values.dropout);
const threads = Number(values.threads);
const count = (shape) => shape.reduce((a, b) => a * b, 1);
const tensorOf = ({ dtype, shape, data }) => new Tensor(dtype, data, shape);

const tuning = await fineTuning(
  positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2",
  positionals[1] ?? "../shared/data/medquad",
  { maxLength: 256, groups: Number(values.groups) },
);
const { groups, feeds } = tuning.collate(randomBatches(tuning.data, 1, Number(values.batch))[0]);
const spec = trainingSpec(tuning.encoder, loss("mnrl"), { groups, dropout, attentionDropout: dropout });
const { precision } = values;
const int8 = { precision, rows: "tokens", limit: Number(values.limit) };
const source = createSource(precision === "float32" ? spec : int8Spec(spec, int8));
const bindings = bindRun(source, feeds, tuning.weights);
const masks = source.masks.map(({ graphName, rate, shape }) => ({
  graphName,
  threshold: Math.round(rate * 256),
  shape: concreteShape(shape, bindings),
}));

/** Milliseconds of each node, the least of the steps: what other processes took away is not the node's. */
async function profileGraph() {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-profile-"));
  // As in src/engine/session.ts.
  const session = await InferenceSession.create(source.model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "basic",
    enableMemPattern: false,
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  const inputs = {};
  for (const { graphName, name } of source.graphInputs) inputs[graphName] = tensorOf(feeds[name]);
  for (const { graphName, name } of source.graphParameters) inputs[graphName] = tensorOf(tuning.weights.get(name));
  for (const { graphName, shape } of masks)
    inputs[graphName] = new Tensor("bool", new Uint8Array(count(shape)).fill(1), shape);
  for (let i = 0; i < Number(values.steps); i++) await session.run(inputs);
  session.endProfiling();
  const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), "utf8"));
  rmSync(folder, { recursive: true });
  const least = new Map();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
    if (dur < (least.get(name)?.dur ?? Number.POSITIVE_INFINITY)) least.set(name, { dur, args });
  }
  const sums = new Map();
  for (const { dur, args } of least.values()) {
    const shapes = (args.input_type_shape ?? []).map((one) => Object.values(one)[0].join("×"));
    const kind = values.shapes ? `${args.op_name} ${shapes.slice(0, 3).join(" ")}` : args.op_name;
    const sum = sums.get(kind) ?? { kind, nodes: 0, milliseconds: 0 };
    sums.set(kind, { kind, nodes: sum.nodes + 1, milliseconds: sum.milliseconds + dur / 1000 });
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Milliseconds of what the engine does around the graph, each the least of a few tries over as many values as in a step. */
function profileHost() {
  const host = createWasmHost();
  const time = (work) =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const begin = performance.now();
        work();
        return performance.now() - begin;
      }),
    );
  const size = [...tuning.weights.values()].reduce((sum, { shape }) => sum + count(shape), 0);
  const [parameter, gradient, first, second] = [1, 2, 3, 4].map(() => host.allocate(size));
  const betas = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  const whole = { from: 0, count: size };
  const bytes = masks.reduce((sum, { shape }) => sum + count(shape), 0);
  const mask = host.allocateRaw(Math.max(0, ...masks.map(({ shape }) => 4 * Math.ceil(count(shape) / 16))));
  const [table, width] = tuning.weights.get("embeddings.word_embeddings.weight").shape;
  const dy = host.allocate(feeds.ids.shape[0] * width);
  return {
    parameters: size,
    maskBytes: bytes,
    milliseconds: {
      masks: time(() => {
        for (const { shape, threshold } of masks) host.fillMask(mask, count(shape), [1, 2], threshold);
      }),
      wordRows: time(() => host.scatterAddRows({ ...gradient, length: table * width }, feeds.ids.data, width, dy)),
      norm: time(() => host.squaredNorm(gradient, whole)),
      adamw: time(() => host.adamw(parameter, gradient, first, second, whole, adamwFactors(betas, 1, 1e-5, 1))),
    },
  };
}

const kinds = await profileGraph();
const total = kinds.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
const nodes = kinds.reduce((sum, kind) => sum + kind.nodes, 0);
console.log(
  JSON.stringify(
    {
      name: "profile",
      machine: machine(),
      dropout,
      precision,
      threads,
      tokens: feeds.ids.shape[0] - 1,
      nodes,
      milliseconds: total,
      kinds,
      host: profileHost(),
    },
    null,
    2,
  ),
);
