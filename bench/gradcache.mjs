// One update of a large batch through GradCache, against updates on the same pairs in small batches, and against sentence-transformers'
// CachedMultipleNegativesRankingLoss on the same pairs and threads. Every measurement is a process of its own, so that its peak memory is too.
//
//     node bench/gradcache.mjs [MODEL [DATA]] [--pairs 4096] [--micro 8] [--dropout 0] [--threads 2] [--no-peer]
import { parseArgs } from "node:util";
import { loadData } from "nearmiss";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss } from "#nearmiss/losses/index.js";
import { layOutBatch } from "#nearmiss/train/batch.js";
import { gradCache } from "#nearmiss/train/grad-cache.js";
import { pairStep, wholeBatches } from "#nearmiss/train/stepper.js";
import { fineTuning, randomBatches } from "./batches.mjs";
import { inOwnProcess, machine, peakBytes } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    pairs: { type: "string", default: "4096" },
    micro: { type: "string", default: "8" },
    dropout: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
    peer: { type: "boolean", default: true },
    // Inside: the one way that this process measures.
    way: { type: "string" },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const source = positionals[1] ?? "../shared/data/medquad";
const [pairs, micro, dropout, threads] = [values.pairs, values.micro, values.dropout, values.threads].map(Number);
const maxLength = 256;

/** Seconds and peak memory of updates on all pairs, after one small update that compiles and grows the memory. */
async function measure(way) {
  const tuning = await fineTuning(model, source, { maxLength, groups: 10 });
  const rows = pairsOf(tuning.data);
  const engine = await createEngine({ threads });
  const weights = await engine.load(tuning.weights);
  const optimiser = await engine.optimiser(weights, { kind: "adamw", weightDecay: 0.01 });
  const learner = { engine, encoder: tuning.encoder, weights, optimiser };
  const lengthOf = ({ ids }) => ids.length;
  const parts = { learner, encoder: tuning.encoder, items: tuning.tokens, lengthOf, loss: loss("mnrl"), dropout };
  const lay = (some) => layOutBatch(some, () => [], tuning.known, "batch");
  const settings = (step) => ({
    learningRate: 2e-5,
    maxNorm: 1,
    ...(dropout > 0 ? { dropout: { seed: 1, step } } : {}),
  });
  const stepper =
    way === "cached"
      ? gradCache(parts, micro)
      : wholeBatches(learner, dropout, pairStep(learner, tuning.encoder, parts.loss, tuning.tokens));
  const batches =
    way === "cached" ? [rows] : Array.from({ length: pairs / micro }, (_, i) => rows.slice(i * micro, (i + 1) * micro));
  for (const row of rows)
    for (const text of [tuning.tokens.query(row.queryId), tuning.tokens.document(row.positiveId)]) void text;
  await stepper.prepare([lay(rows.slice(0, 2 * micro))])(settings(0));
  const started = performance.now();
  const losses = [];
  for (const [i, batch] of batches.entries()) {
    const { outputs } = await stepper.prepare([lay(batch)])(settings(i + 1));
    losses.push(outputs[0].loss.data[0]);
  }
  const seconds = (performance.now() - started) / 1000;
  const tokens = rows.reduce(
    (sum, row) => sum + tuning.tokens.query(row.queryId).ids.length + tuning.tokens.document(row.positiveId).ids.length,
    0,
  );
  await engine.close();
  return { seconds, peakBytes: peakBytes(), tokens, loss: losses.reduce((a, b) => a + b, 0) / losses.length };
}

/** The first pairs that share no query and no document; where the data has too few of them, they are gone through again. */
function pairsOf(data) {
  const distinct = randomBatches(data, 1, pairs)[0];
  return Array.from({ length: pairs }, (_, i) => distinct[i % distinct.length]);
}

if (values.way !== undefined) console.log(JSON.stringify(await measure(values.way)));
else {
  const own = (way) => inOwnProcess(import.meta.url, ["--way", way]);
  const small = own("small");
  const cached = own("cached");
  let peer = null;
  if (values.peer) {
    const data = await loadData(source);
    const texts = pairsOf(data).map(({ queryId, positiveId }) => [
      data.queries.get(queryId).text,
      data.documents.get(positiveId).text,
    ]);
    peer = runPeer("gradcache.py", { model, pairs: texts, micro, dropout, threads, maxLength }, threads);
  }
  const result = {
    name: "gradcache",
    machine: machine(),
    threads,
    pairs,
    micro,
    dropout,
    "small batches": small,
    gradCache: cached,
    toSmallBatches: cached.seconds / small.seconds,
    "sentence-transformers": peer,
    ratio: peer === null ? null : peer.seconds / cached.seconds,
  };
  console.log(JSON.stringify(result, null, 2));
}
