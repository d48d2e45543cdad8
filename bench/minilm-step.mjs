// Fine-tuning steps of a BERT encoder (forward, backward, clipping, AdamW) on real pairs, with dropout 0.1 on both sides and with none on
// both, against sentence-transformers on the same batches and threads, on this machine, taken in turns.
//
//     node bench/minilm-step.mjs MODEL DATA [--steps 6] [--warmup 2] [--threads 2] [--no-peer]
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { encoderOf, loadWeights, readModelFolder } from "#nearmiss/checkpoint/index.js";
import { knownPositives, trainingRows } from "#nearmiss/data/rows.js";
import { sequencer } from "#nearmiss/encode/model.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { pairLoss } from "#nearmiss/losses/index.js";
import { collateBatch, layOutBatch } from "#nearmiss/train/batch.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { tokenSource } from "#nearmiss/train/token-source.js";
import { machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    steps: { type: "string", default: "6" },
    warmup: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    batch: { type: "string", default: "32" },
    groups: { type: "string", default: "10" },
    peer: { type: "boolean", default: true },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const source = positionals[1] ?? "../shared/data/medquad";
const [steps, warmup, threads, batchSize] = [values.steps, values.warmup, values.threads, values.batch].map(Number);
const maxLength = 256;
const data = await loadData(source);
const batches = randomBatches(steps + warmup);

/** Batches of random rows that share no query and no document, the same for both sides. */
function randomBatches(count) {
  const used = new Set();
  const distinct = shuffle([...trainingRows(data, "train")], rng(1, "bench")).filter(({ queryId, positiveId }) => {
    const fresh = !used.has(positiveId) && !used.has(queryId);
    used.add(positiveId).add(queryId);
    return fresh;
  });
  return Array.from({ length: count }, (_, i) => distinct.slice(i * batchSize, (i + 1) * batchSize));
}

async function ours(dropout) {
  const engine = await createEngine({ threads });
  const folder = await readModelFolder(model, collectWarnings());
  const description = { ...folder, maxLength };
  const encoder = encoderOf(description);
  const tensors = loadWeights(folder);
  const weights = await engine.load(new Map([...encoder.parameters.keys()].map((name) => [name, tensors.get(name)])));
  const optimiser = await engine.optimiser(weights, { kind: "adamw", weightDecay: 0.01 });
  const tokens = tokenSource(data, sequencer(description, collectWarnings()));
  const known = knownPositives(data, ["train"]);
  const loss = pairLoss("mnrl");
  const programs = new Map();
  const measured = { seconds: [], tokens: [], losses: [] };
  for (const [step, rows] of batches.entries()) {
    const started = performance.now();
    const layout = layOutBatch(rows, () => [], known, "batch");
    const { key, groups, feeds } = collateBatch(layout, encoder, tokens.query, tokens.document, Number(values.groups));
    if (!programs.has(key))
      programs.set(
        key,
        await engine.compile(trainingSpec(encoder, loss, { groups, dropout, attentionDropout: dropout })),
      );
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
    measured.seconds.push((performance.now() - started) / 1000);
    measured.tokens.push(feeds.ids.shape[0] - 1);
    measured.losses.push(result.outputs[0].loss.data[0]);
  }
  await engine.close();
  return measured;
}

function theirs(dropout) {
  const texts = batches.map((rows) => ({
    queries: rows.map(({ queryId }) => data.queries.get(queryId).text),
    documents: rows.map(({ positiveId }) => data.documents.get(positiveId).text),
  }));
  return runPeer("minilm_step.py", { model, batches: texts, dropout, warmup, threads, maxLength }, threads);
}

const rate = ({ tokens, seconds }) => spread(tokens.map((count, i) => count / seconds[i]));
const settings = {};
for (const dropout of [0, 0.1]) {
  const own = await ours(dropout);
  const peer = values.peer ? theirs(dropout) : null;
  settings[`dropout ${dropout}`] = {
    nearmiss: { tokensPerSecond: rate(own), losses: own.losses },
    "sentence-transformers":
      peer === null
        ? null
        : { tokensPerSecond: rate(peer), losses: peer.losses, tokens: peer.tokens, peakBytes: peer.peakBytes },
    ratio: peer === null ? null : spread(own.seconds.map((seconds, i) => peer.seconds[i] / seconds)),
    tokens: own.tokens,
  };
}
console.log(
  JSON.stringify(
    { name: "minilm-step", machine: machine(), threads, batchSize, maxLength, settings, peakBytes: peakBytes() },
    null,
    2,
  ),
);
