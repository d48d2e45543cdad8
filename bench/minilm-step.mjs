// Fine-tuning steps of a BERT encoder (forward, backward, clipping, AdamW) on real pairs, with dropout 0.1 on both sides and with none on
// both, against sentence-transformers on the same batches and threads, on this machine. The sides take turns.
//
//     node bench/minilm-step.mjs [MODEL [DATA]] [--steps 6] [--warmup 2] [--rounds 2] [--threads 2] [--no-peer]
import { parseArgs } from "node:util";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss as lossOf } from "#nearmiss/losses/index.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { fineTuning, randomBatches } from "./batches.mjs";
import { machine, peakBytes, spread } from "./machine.mjs";
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
    dropout: { type: "string", multiple: true, default: ["0", "0.1"] },
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

async function ours(dropout) {
  const engine = await createEngine({ threads });
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
  return measured;
}

function theirs(dropout) {
  const texts = batches.map((rows) => ({
    queries: rows.map(({ queryId }) => tuning.data.queries.get(queryId).text),
    documents: rows.map(({ positiveId }) => tuning.data.documents.get(positiveId).text),
  }));
  return runPeer("minilm_step.py", { model, batches: texts, dropout, warmup, threads, maxLength }, threads);
}

const all = (rounds, column) => rounds.flatMap((round) => round[column]);
const speed = (rounds) => {
  const tokens = all(rounds, "tokens");
  return {
    secondsPerStep: spread(all(rounds, "seconds")),
    processorSecondsPerStep: spread(all(rounds, "processorSeconds")),
    tokensPerSecond: spread(all(rounds, "seconds").map((seconds, i) => tokens[i] / seconds)),
    losses: rounds[0].losses,
  };
};
const settings = {};
for (const dropout of values.dropout.map(Number)) {
  const [own, peer] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    own.push(await ours(dropout));
    if (values.peer) peer.push(theirs(dropout));
  }
  const [first] = peer;
  if (first !== undefined && String(first.tokens) !== String(own[0].tokens))
    throw new Error(`the sides have other tokens: ${own[0].tokens} and ${first.tokens}`);
  settings[`dropout ${dropout}`] = {
    tokens: own[0].tokens,
    nearmiss: { ...speed(own), peakBytes: peakBytes() },
    "sentence-transformers":
      first === undefined
        ? null
        : {
            ...speed(peer),
            peakBytes: Math.max(...peer.map((round) => round.peakBytes)),
            attention: first.attention,
            attentionDropout: first.attentionDropout,
            hiddenDropout: first.hiddenDropout,
            versions: first.versions,
          },
    ratio:
      first === undefined ? null : spread(all(own, "seconds").map((seconds, i) => all(peer, "seconds")[i] / seconds)),
  };
}
console.log(
  JSON.stringify({ name: "minilm-step", machine: machine(), threads, batchSize, maxLength, settings }, null, 2),
);
