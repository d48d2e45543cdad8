// Fine-tuning steps of a BERT encoder (forward, backward, clipping, AdamW) on real pairs, in float32 with dropout 0.1 and without and with 8-bit
// products, against sentence-transformers in float32 and bfloat16 on the same batches and threads, on this machine. The sides take
// turns; every measurement is a process of its own.
//
//     node bench/minilm-step.mjs [MODEL [DATA]] [--steps 6] [--warmup 2] [--rounds 2] [--threads 2] [--no-peer]
import { parseArgs } from "node:util";
import { withPrecision } from "#nearmiss/engine/int8.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss as lossOf } from "#nearmiss/losses/index.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { fineTuning, randomBatches } from "./batches.mjs";
import { inOwnProcess, machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    steps: { type: "string", default: "6" },
    warmup: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    batch: { type: "string", default: "32" },
    groups: { type: "string", default: "10" },
    peer: { type: "boolean", default: true },
    // Inside: the one setting that this process measures.
    measure: { type: "string" },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const [steps, warmup, threads, batchSize] = [values.steps, values.warmup, values.threads, values.batch].map(Number);
const maxLength = 256;
const tuning = await fineTuning(model, positionals[1] ?? "../shared/data/medquad", {
  maxLength,
  groups: Number(values.groups),
});
const batches = randomBatches(tuning.data, steps + warmup, batchSize);

async function ours({ dropout, precision }) {
  const engine = withPrecision(await createEngine({ threads }), precision);
  const weights = await engine.load(tuning.weights);
  const optimiser = await engine.optimiser(weights, { kind: "adamw", weightDecay: 0.01 });
  const loss = lossOf("mnrl");
  const programs = new Map();
  const measured = { seconds: [], processorSeconds: [], tokens: [], losses: [] };
  for (const [step, rows] of batches.entries()) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    const { key, groups, feeds } = tuning.collate(rows);
    if (!programs.has(key)) {
      const spec = trainingSpec(tuning.encoder, loss, { groups, dropout, attentionDropout: dropout });
      programs.set(key, await engine.compile(spec));
    }
    const result = await engine.step({
      program: programs.get(key),
      weights,
      optimiser,
      microBatches: [feeds],
      learningRate: 2e-5,
      maxNorm: 1,
      ...(dropout > 0 ? { dropout: { seed: 1, step } } : {}),
    });
    if (step < warmup) continue;
    const { user, system } = process.cpuUsage(used);
    measured.seconds.push((performance.now() - started) / 1000);
    measured.processorSeconds.push((user + system) / 1e6);
    // The packed rows end in one dummy row.
    measured.tokens.push(feeds.ids.shape[0] - 1);
    measured.losses.push(result.outputs[0].loss.data[0]);
  }
  await engine.close();
  return { ...measured, peakBytes: peakBytes() };
}

function theirs({ dropout, precision }) {
  const texts = batches.map((rows) => ({
    queries: rows.map(({ queryId }) => tuning.data.queries.get(queryId).text),
    documents: rows.map(({ positiveId }) => tuning.data.documents.get(positiveId).text),
  }));
  return runPeer("minilm_step.py", { model, batches: texts, dropout, precision, warmup, threads, maxLength }, threads);
}

const settings = [
  { name: "dropout 0", dropout: 0, precision: "float32", peers: ["float32", "bfloat16"] },
  { name: "dropout 0.1", dropout: 0.1, precision: "float32", peers: ["float32", "bfloat16"] },
  { name: "dropout 0, int8", dropout: 0, precision: "int8", peers: [] },
  { name: "dropout 0, int8-gradient", dropout: 0, precision: "int8-gradient", peers: [] },
];
const all = (rounds, column) => rounds.flatMap((round) => round[column]);
const figures = (rounds) => ({
  secondsPerStep: spread(all(rounds, "seconds")),
  processorSecondsPerStep: spread(all(rounds, "processorSeconds")),
  tokensPerSecond: spread(all(rounds, "seconds").map((seconds, i) => all(rounds, "tokens")[i] / seconds)),
  losses: rounds[0].losses,
  peakBytes: Math.max(...rounds.map((round) => round.peakBytes)),
});
const ratio = (slow, fast) => spread(all(fast, "seconds").map((seconds, i) => all(slow, "seconds")[i] / seconds));

if (values.measure !== undefined) {
  console.log(JSON.stringify(await ours(settings.find(({ name }) => name === values.measure))));
} else {
  const own = new Map(settings.map(({ name }) => [name, []]));
  const peer = new Map();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, dropout, peers } of settings) {
      own.get(name).push(inOwnProcess(import.meta.url, ["--measure", name]));
      for (const precision of values.peer ? peers : []) {
        const found = theirs({ dropout, precision });
        const key = `${name} ${precision}`;
        peer.set(key, [...(peer.get(key) ?? []), found]);
        if (String(found.tokens) !== String(own.get(name)[0].tokens))
          throw new Error(`the sides have other tokens: ${own.get(name)[0].tokens} and ${found.tokens}`);
      }
    }
  }
  const result = settings.map(({ name, dropout, precision }) => {
    const rounds = own.get(name);
    // What has no peer of its own is compared with the float32 of the same dropout, theirs and ours.
    const base = settings.find((one) => one.dropout === dropout && one.precision === "float32").name;
    const others = ["float32", "bfloat16"].flatMap((kind) => {
      const found = peer.get(`${base} ${kind}`);
      if (found === undefined) return [];
      const { attention, attentionDropout, hiddenDropout, versions } = found[0];
      const checks = { attention, attentionDropout, hiddenDropout, versions };
      return [{ precision: kind, ...figures(found), ...checks, ratio: ratio(found, rounds) }];
    });
    return {
      name,
      dropout,
      precision,
      tokens: rounds[0].tokens,
      nearmiss: figures(rounds),
      toOwnFloat32: ratio(own.get(base), rounds),
      peers: others,
    };
  });
  console.log(
    JSON.stringify(
      { name: "minilm-step", machine: machine(), threads, batchSize, maxLength, settings: result },
      null,
      2,
    ),
  );
}
