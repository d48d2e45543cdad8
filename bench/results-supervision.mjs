// Pairs against triplets against cross-entropy, each with the batches it wants and the same number of encoder rows. Writes its section of docs/results.md.
//
//     node bench/results-supervision.mjs [--sets banking77,omniglot,digits] [--seeds 1,2,3] [--steps 300] [--data ../shared/data] [--dry]
import { labelledBatches } from "#nearmiss/data/labelled-batches/index.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss } from "#nearmiss/losses/index.js";
import { miner } from "#nearmiss/miners/index.js";
import { endless } from "#nearmiss/train/endless.js";
import { meanAndDeviation, openArm } from "./labelled/arm.mjs";
import { labelledSets } from "./labelled/data.mjs";
import { labelledOptions } from "./labelled/options.mjs";
import { writeSection } from "./labelled/section.mjs";

const { values, seeds, threads, steps } = labelledOptions({ sets: "banking77,omniglot,digits", steps: "300" });
const cosine = { metric: "cosine", normalize: false };
const arms = [
  ["pairs: contrastive-hadsell", "contrastive-hadsell", { margin: 0.5, metric: "cosine" }, null],
  ["pairs: multi-similarity", "multi-similarity", {}, null],
  ["triplets: all", "triplet-margin", { margin: 0.2, metric: "cosine", reduction: "mean-nonzero" }, null],
  [
    "triplets: semi-hard",
    "triplet-margin",
    { margin: 0.2, metric: "cosine" },
    ["facenet-semi-hard", { fallback: "hardest", ...cosine }],
  ],
  ["cross-entropy: normalized-softmax", "normalized-softmax", {}, null],
  ["cross-entropy: arcface", "arcface", {}, null],
];

const engine = await createEngine({ threads });
const tables = [];
for (const set of await labelledSets(values.data, values.sets.split(","))) {
  const found = new Map([["untrained", []], ...arms.map(([name]) => [name, []])]);
  for (const seed of seeds) {
    for (const [name, lossName, options, mined] of arms) {
      const run = await train(set, seed, loss(lossName, options), mined === null ? null : miner(...mined));
      if (name === arms[0][0]) found.get("untrained").push({ quality: run.before });
      found.get(name).push(run);
      console.error(`${set.name}, seed ${seed}, ${name}: ${JSON.stringify(run.quality)}`);
    }
  }
  tables.push({ set, found });
}
await engine.close();
if (values.dry) console.log(text());
else writeSection("Pairs, triplets or cross-entropy", "node bench/results-supervision.mjs", text());

async function train(set, seed, chosen, selection) {
  const faster = { ...set, config: { ...set.config, lossLearningRate: 10 } };
  const arm = await openArm({ engine, set: faster, seed, loss: chosen, miner: selection, steps });
  const items = arm.train.map((id) => ({ id, labels: [arm.labelOf(id)] }));
  const batching = { kind: "classes-times-items", classes: 10, itemsPerClass: 5 };
  const batches = endless((epoch) => labelledBatches(items, batching, { seed, epoch }).batches);
  const before = await arm.measure();
  let seconds = 0;
  for (let step = 0; step < steps; step++) {
    const ids = batches.at(step).batch.map(({ id }) => id);
    const started = performance.now();
    await arm.labelled(step, ids);
    seconds += (performance.now() - started) / 1000;
  }
  const quality = await arm.measure();
  await arm.release();
  return { before, quality, seconds };
}

function text() {
  const row = (name, runs) => {
    const cells = ["map@r", "precision@1"].map((key) => meanAndDeviation(runs.map((run) => run.quality[key])));
    const seconds =
      name === "untrained"
        ? "–"
        : meanAndDeviation(
            runs.map((run) => run.seconds),
            1,
          );
    return `| ${name} | ${cells.join(" | ")} | ${seconds} |`;
  };
  return `${steps} steps of 10 classes × 5 items for every arm, so all read the same rows; every arm of a seed begins with the same weights; class centres learn ten times as fast as
the encoder, as is usual; options are the losses' defaults but for margins in cosine distance.
${seeds.length} seeds, mean ± standard deviation. Seconds are those of the updates.

${tables
  .map(
    ({ set, found }) => `${set.about}.

| | MAP@R | precision@1 | seconds |
|---|---|---|---|
${[...found].map(([name, runs]) => row(name, runs)).join("\n")}`,
  )
  .join("\n\n")}`;
}
