// Training of a static encoder from nothing: 250 steps of 512 pairs, 256 dimensions, against sentence-transformers on the same pairs,
// vocabulary and threads, both on this machine, one after the other.
//
//     node bench/static.mjs DATA [--repeat 3] [--threads 2]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { noProgress } from "#nearmiss/base/progress.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";
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
const threads = Number(values.threads);
const steps = Number(values.steps);
const data = await loadData(source);
const scratch = mkdtempSync(join(tmpdir(), "nearmiss-bench-"));
const config = resolveConfig({ data: source, model: "static", sampler: "in-batch", steps });

const ours = [];
for (let run = 0; run < Number(values.repeat); run++) {
  const engine = await createEngine({ threads });
  const session = await prepareSession({ config, data, engine, warnings: collectWarnings(), progress: noProgress });
  const started = performance.now();
  let loss = 0;
  for (let step = 0; step < session.plan.total; step++)
    loss = (await session.trainer.update(step, session.plan, null)).loss;
  ours.push({ seconds: (performance.now() - started) / 1000, loss });
  await engine.close();
}

const theirs = [];
if (values.peer) {
  const texts = function* () {
    for (const document of data.documents.values()) yield document.text;
    for (const id of data.splits.get("train").judgements.keys()) yield data.queries.get(id).text;
  };
  const tokenizer = join(scratch, "tokenizer.json");
  writeFileSync(tokenizer, JSON.stringify(trainWordPiece(texts(), { size: config.vocabularySize }).tokenizer));
  const pairs = trainingRows(data, "train").map(({ queryId, positiveId }) => [
    data.queries.get(queryId).text,
    data.documents.get(positiveId).text,
  ]);
  for (let run = 0; run < Number(values.repeat); run++) {
    theirs.push(
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
      ),
    );
  }
}
rmSync(scratch, { recursive: true, force: true });
const ourSeconds = spread(ours.map((run) => run.seconds));
const result = {
  name: "static",
  machine: machine(),
  threads,
  steps,
  nearmiss: { seconds: ourSeconds, peakBytes: peakBytes() },
  "sentence-transformers":
    theirs.length === 0
      ? null
      : {
          seconds: spread(theirs.map((run) => run.seconds)),
          peakBytes: Math.max(...theirs.map((run) => run.peakBytes)),
          steps: theirs[0].steps,
        },
  ratio: theirs.length === 0 ? null : spread(theirs.map((run, i) => run.seconds / ours[i].seconds)),
};
console.log(JSON.stringify(result, null, 2));
