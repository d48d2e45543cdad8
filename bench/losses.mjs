// Forward and backward of the losses over labelled rows, with the relations between the labels, against pytorch-metric-learning on the same
// vectors and threads, float32. Each loss of each side runs in a process of its own, so that its peak memory is its own; the sides take turns.
//
//     node bench/losses.mjs [--sizes 256x4,1800x40] [--dimension 128] [--rounds 2] [--seconds 1.5] [--only NAME,…] [--no-peer]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { input, parameter } from "#nearmiss/graph/index.js";
import { lossOf } from "#nearmiss/losses/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import { machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    sizes: { type: "string", default: "256x4,1800x40" },
    dimension: { type: "string", default: "128" },
    rounds: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "1.5" },
    gigabytes: { type: "string", default: "14" },
    only: { type: "string" },
    peer: { type: "boolean", default: true },
    child: { type: "string" },
  },
});
const [dimension, rounds, threads] = [values.dimension, values.rounds, values.threads].map(Number);

const proxies = { num_classes: "classes", embedding_size: "dimension" };

/** [loss, options, the peer's class and what it takes to mean the same]; a peer's "classes" and "dimension" are filled in. */
const compared = [
  ["angular", { alphaDegrees: 40 }, { class: "AngularLoss", options: { alpha: 40 } }],
  ["arcface", {}, { class: "ArcFaceLoss", options: proxies }],
  [
    "batch-hard-triplet",
    { normalize: true },
    { class: "TripletMarginLoss", options: { margin: 0.2 }, miner: "BatchHardMiner" },
  ],
  ["batch-all-triplet", { margin: 0.05, normalize: true }, { class: "TripletMarginLoss" }],
  ["circle", {}, { class: "CircleLoss" }],
  ["cosface", {}, { class: "CosFaceLoss", options: proxies }],
  ["fastap", {}, { class: "FastAPLoss" }],
  ["generalized-lifted-structure", {}, { class: "GeneralizedLiftedStructureLoss" }],
  ["histogram", {}, { class: "HistogramLoss", options: { n_bins: 100 } }],
  ["intra-pair-variance", {}, { class: "IntraPairVarianceLoss" }],
  ["large-margin-softmax", {}, { class: "LargeMarginSoftmaxLoss", options: proxies }],
  ["lifted-structure", {}, { class: "LiftedStructureLoss" }],
  ["margin", { form: "triplets" }, { class: "MarginLoss", options: { learn_beta: true } }],
  ["multi-similarity", {}, { class: "MultiSimilarityLoss" }],
  ["nca", {}, { class: "NCALoss" }],
  ["normalized-softmax", {}, { class: "NormalizedSoftmaxLoss", options: proxies }],
  ["nt-xent", {}, { class: "NTXentLoss" }],
  ["p2s-grad", {}, { class: "P2SGradLoss", options: { num_classes: "classes", descriptors_dim: "dimension" } }],
  ["proxy-anchor", {}, { class: "ProxyAnchorLoss", options: proxies }],
  ["proxy-nca", {}, { class: "ProxyNCALoss", options: { ...proxies, softmax_scale: 8 } }],
  ["ranked-list", {}, { class: "RankedListLoss", options: { margin: 0.4, Tn: 10 } }],
  ["signal-to-noise-contrastive", {}, { class: "SignalToNoiseRatioContrastiveLoss" }],
  ["smooth-ap", {}, { class: "SmoothAPLoss" }],
  ["soft-triple", {}, { class: "SoftTripleLoss", options: proxies }],
  ["sphereface", {}, { class: "SphereFaceLoss", options: proxies }],
  ["sub-centre-arcface", {}, { class: "SubCenterArcFaceLoss", options: proxies }],
  ["supcon", {}, { class: "SupConLoss" }],
  ["threshold-consistent-margin", {}, { class: "ThresholdConsistentMarginLoss" }],
  ["tuplet-margin", {}, { class: "TupletMarginLoss" }],
  ["contrastive-linear", { normalize: true, reduction: "nonzero-mean-per-side" }, { class: "ContrastiveLoss" }],
].filter(([name]) => values.only === undefined || values.only.split(",").includes(name));

function labelsOf(size) {
  const [batch, perClass] = size.split("x").map(Number);
  return Array.from({ length: batch }, (_, i) => Math.floor(i / perClass));
}

/** Class centres with noise, so that some triplets are active and some are not. */
function embeddingsOf(labels) {
  const noise = rng(1, "losses", "rows");
  const centres = rng(1, "losses", "centres");
  const centre = Array.from({ length: (labels.at(-1) + 1) * dimension }, () => centres.normal());
  return Float32Array.from(
    { length: labels.length * dimension },
    (_, i) => 0.4 * centre[labels[Math.floor(i / dimension)] * dimension + (i % dimension)] + noise.normal(),
  );
}

/** One loss in this process: seconds of each pass, the value, and memory beyond that of the engine and its inputs. */
async function ours({ name, options, size }) {
  const labels = labelsOf(size);
  const data = embeddingsOf(labels);
  const items = labels.map((label, i) => ({ id: String(i), labels: [String(label)] }));
  const classes = labels.at(-1) + 1;
  const loss = lossOf(name).create(options);
  const learned = loss.parameters({ dimension, classes });
  // As tensors of the peer stay where they are, the vectors, what is learned and both gradients stay with the engine: a pass is a step of training
  // whose update changes nothing.
  const embeddings = parameter("embeddings", ["rows", dimension]);
  const mask = (name) => input(name, ["rows", "rows"], "bool");
  const index = (name, of = "pairs") => input(name, [of], "int32");
  const batch = {
    embeddings,
    references: embeddings,
    positive: mask("positive"),
    negative: mask("negative"),
    pairs: { anchor: index("anchor"), positive: index("to"), valid: input("valid", ["pairs"], "bool") },
    classes: index("classes", "rows"),
  };
  const nodes = new Map(learned.map(({ name, shape }) => [name, parameter(name, shape)]));
  const value = loss.build.labelled(batch, (name) => nodes.get(name)).loss;
  const wrt = new Map([["embeddings", embeddings], ...nodes]);
  const found = gradients(value, [...wrt.values()]);
  const engine = await createEngine({ threads });
  const start = rng(1, "losses", "parameters");
  const held = [
    ["embeddings", { dtype: "float32", shape: [labels.length, dimension], data }],
    ...learned.map(({ name, shape, initial }) => [
      name,
      { dtype: "float32", shape, data: starting(shape, initial, start) },
    ]),
  ];
  const weights = await engine.load(new Map(held));
  const program = await engine.compile({
    outputs: { loss: value },
    gradients: new Map([...wrt.keys()].map((name, i) => [name, found[i]])),
  });
  const optimiser = await engine.optimiser(weights, { kind: "sgd" });
  const square = [labels.length, labels.length];
  const used = new Set(program.inputs);
  // Losses that compare rows with classes do not ask who belongs to whom.
  const related = used.has("positive") || used.has("negative");
  const none = relationsOf([]);
  const pass = async () => {
    const { positive, negative, pairs } = related ? relationsOf(items) : none;
    const bool = (data, shape = [data.length]) => ({ dtype: "bool", shape, data });
    const int = (data) => ({ dtype: "int32", shape: [data.length], data });
    const feeds = {
      positive: bool(positive, square),
      negative: bool(negative, square),
      anchor: int(pairs.anchor),
      to: int(pairs.positive),
      valid: bool(pairs.valid),
      classes: int(Int32Array.from(labels)),
    };
    const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name)));
    const { outputs } = await engine.step({ program, weights, optimiser, microBatches: [given], learningRate: 0 });
    return outputs[0];
  };
  const base = peakBytes();
  const [seconds, processorSeconds] = [[], []];
  let result;
  // As long as it takes to warm up, and at least four passes.
  const until = performance.now() + 1000 * Number(values.seconds);
  while (seconds.length < 4 || performance.now() < until) {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    result = await pass();
    seconds.push((performance.now() - begun) / 1000);
    const { user, system } = process.cpuUsage(used);
    processorSeconds.push((user + system) / 1e6);
  }
  await engine.close();
  return {
    seconds: warm(seconds),
    processorSeconds: warm(processorSeconds),
    value: result.loss.data[0],
    peakBytes: peakBytes() - base,
  };
}

/** Without the first quarter of the passes, in which both sides warm up; a single one stays. */
const warm = (passes) => passes.slice(Math.min(Math.ceil(passes.length / 4), passes.length - 1));

function starting(shape, initial, random) {
  const next = typeof initial === "number" ? () => initial : () => random.normal() * initial.deviation;
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
}

function ownProcess(request) {
  const path = fileURLToPath(import.meta.url);
  const done = spawnSync(process.execPath, [path, ...process.argv.slice(2), "--child", JSON.stringify(request)], {
    encoding: "utf8",
  });
  return done.status === 0
    ? JSON.parse(done.stdout)
    : { failed: done.stderr.split("\n").find((line) => line.includes("Error")) ?? "killed" };
}

/** The peer's options with "classes" and "dimension" filled in. */
function filled(spec, classes) {
  const options = Object.entries(spec.options ?? {}).map(([key, value]) => [
    key,
    value === "classes" ? classes : value === "dimension" ? dimension : value,
  ]);
  return { ...spec, options: Object.fromEntries(options) };
}

async function main() {
  const sizes = {};
  for (const size of values.sizes.split(",")) {
    const labels = labelsOf(size);
    const rows = compared.map(([name, options, peer]) => ({ name, options, peer, own: [], theirs: [] }));
    let versions;
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) row.own.push(ownProcess({ name: row.name, options: row.options, size }));
      if (!values.peer) continue;
      const answer = runPeer(
        "losses.py",
        {
          embeddings: [...embeddingsOf(labels)],
          labels,
          specs: rows.map(({ peer }) => filled(peer, labels.at(-1) + 1)),
          threads,
          seconds: Number(values.seconds),
          gigabytesAtMost: Number(values.gigabytes),
        },
        threads,
      );
      versions = answer.versions;
      answer.results.forEach((result, i) => {
        rows[i].theirs.push(result);
      });
    }
    sizes[size] = { versions, losses: rows.map(summary) };
  }
  const settings = { threads, dimension, rounds };
  console.log(JSON.stringify({ name: "losses", machine: machine(), ...settings, sizes }, null, 2));
}

function summary({ name, options, own, theirs }) {
  const [mine, other] = [own, theirs].map((runs) => runs.flatMap((run) => run.seconds ?? []));
  // Of the rounds, in which both sides take their turn.
  const ratios = own.flatMap(({ seconds }, i) =>
    seconds === undefined || theirs[i]?.seconds === undefined
      ? []
      : [spread(theirs[i].seconds).median / spread(seconds).median],
  );
  const side = (runs, seconds) =>
    seconds.length === 0
      ? { failed: runs[0]?.failed }
      : {
          seconds: spread(seconds),
          processorSeconds: spread(runs.flatMap((run) => run.processorSeconds ?? [])),
          value: runs[0].value,
          peakBytes: Math.max(...runs.map((run) => run.peakBytes)),
        };
  return {
    name,
    options,
    nearmiss: side(own, mine),
    "pytorch-metric-learning": theirs.length === 0 ? null : side(theirs, other),
    timesFaster: ratios.length === 0 ? null : spread(ratios),
  };
}

if (values.child === undefined) await main();
else console.log(JSON.stringify(await ours(JSON.parse(values.child))));
