// Training of a static encoder from nothing: 250 steps of 512 pairs, 256 dimensions, against sentence-transformers on the same pairs,
// vocabulary and threads, on this machine. The sides take turns. Reading the data and training the vocabulary are not counted;
// tokenising is.
//
//     node bench/static.mjs [DATA] [--repeat 3] [--threads 2] [--no-peer]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { noProgress } from "#nearmiss/base/progress.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";
import { sequencer } from "#nearmiss/encode/model.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { prepareSession } from "#nearmiss/train/session.js";
import { machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    steps: { type: "string", default: "250" },
    peer: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const source = positionals[0] ?? "../shared/data/medquad";
const [threads, steps, repeat] = [values.threads, values.steps, values.repeat].map(Number);
const data = await loadData(source);
const config = resolveConfig({ data: source, model: "static", sampler: "in-batch", steps });
const pairs = trainingRows(data, "train").map(({ queryId, positiveId }) => [
  data.queries.get(queryId).text,
  data.documents.get(positiveId).text,
]);

async function ours() {
  const engine = await createEngine({ threads });
  const warnings = collectWarnings();
  const session = await prepareSession({ config, data, engine, warnings, progress: noProgress });
  const started = performance.now();
  let loss = 0;
  for (let step = 0; step < session.plan.total; step++)
    loss = (await session.trainer.update(step, session.plan, null)).loss;
  const seconds = (performance.now() - started) / 1000;
  await engine.close();
  const sequence = sequencer(session.task.learner.description, warnings);
  const tokens = pairs.reduce(
    (sum, [query, document]) => sum + sequence(query, "query").ids.length + sequence(document, "document").ids.length,
    0,
  );
  return { seconds, loss, tokens, steps: session.plan.total };
}

const scratch = mkdtempSync(join(tmpdir(), "nearmiss-bench-"));
const tokenizer = join(scratch, "tokenizer.json");
if (values.peer) {
  const texts = function* () {
    for (const document of data.documents.values()) yield document.text;
    for (const id of data.splits.get("train").judgements.keys()) yield data.queries.get(id).text;
  };
  writeFileSync(tokenizer, JSON.stringify(trainWordPiece(texts(), { size: config.vocabularySize }).tokenizer));
}
const theirs = () =>
  runPeer(
    "static_train.py",
    {
      tokenizer,
      dimension: config.dimension,
      pairs,
      batchSize: config.batchSize,
      epochs: 10,
      steps,
      learningRate: config.learningRate,
      seed: 1,
      threads,
      scratch,
    },
    threads,
  );

const [own, peer] = [[], []];
for (let run = 0; run < repeat; run++) {
  own.push(await ours());
  if (values.peer) peer.push(theirs());
}
rmSync(scratch, { recursive: true, force: true });
const [first] = peer;
if (first !== undefined && (first.tokens !== own[0].tokens || first.steps !== own[0].steps))
  throw new Error(
    `the sides differ: ${own[0].tokens} and ${first.tokens} tokens, ${own[0].steps} and ${first.steps} steps`,
  );
const result = {
  name: "static",
  machine: machine(),
  threads,
  steps,
  batchSize: config.batchSize,
  dimension: config.dimension,
  tokensOfAllPairs: own[0].tokens,
  nearmiss: { seconds: spread(own.map((run) => run.seconds)), peakBytes: peakBytes(), finalLoss: own[0].loss },
  "sentence-transformers":
    first === undefined
      ? null
      : {
          seconds: spread(peer.map((run) => run.seconds)),
          peakBytes: Math.max(...peer.map((run) => run.peakBytes)),
          meanLoss: first.loss,
          versions: first.versions,
        },
  ratio: first === undefined ? null : spread(peer.map((run, i) => run.seconds / own[i].seconds)),
};
console.log(JSON.stringify(result, null, 2));
