// Triplet, (N+1)-tuplet, N-pair one-versus-one and N-pair-mc: quality against encoder rows and against wall time, and how far anchors are from the
// centres of all classes as training goes on. Writes its section of docs/results.md.
//
//     node bench/results-tuples.mjs [--sets omniglot,digits] [--seeds 1,2,3] [--rows 24000] [--data ../shared/data] [--dry]
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss } from "#nearmiss/losses/index.js";
import { meanAndDeviation, openArm } from "./labelled/arm.mjs";
import { labelledSets } from "./labelled/data.mjs";
import { labelledOptions } from "./labelled/options.mjs";
import { writeSection } from "./labelled/section.mjs";
import { tupleBatch, tupleLosses } from "./labelled/tuples.mjs";

const { values, seeds, threads, rows: budget } = labelledOptions({ sets: "omniglot,digits", rows: "24000" });
const looks = 4;

const engine = await createEngine({ threads });
const tables = [];
for (const set of await labelledSets(values.data, values.sets.split(","))) {
  const found = new Map();
  const n = set.name === "digits" ? 10 : 20;
  for (const seed of seeds) {
    for (const one of tupleLosses) {
      const run = await train(set, seed, one, n);
      found.set(one.name, [...(found.get(one.name) ?? []), run]);
      console.error(`${set.name}, seed ${seed}, ${one.name}: ${JSON.stringify(run.points.at(-1))}`);
    }
  }
  tables.push({ set, found, n });
}
await engine.close();
if (values.dry) console.log(text());
else writeSection("Triplets, tuplets and N pairs", "node bench/results-tuples.mjs", text());

/** Trains until so many rows went through the encoder, with a look at quality and distances at equal shares of them. */
async function train(set, seed, { loss: [name, options], drawn, rows }, n) {
  const steps = Math.floor(budget / rows(n));
  if (steps < looks)
    throw new Error(`--rows ${budget} are ${steps} steps of ${name}: at least ${looks * rows(n)} are needed`);
  const arm = await openArm({ engine, set, seed, loss: loss(name, options), steps });
  const byLabel = new Map();
  for (const id of arm.train) byLabel.set(arm.labelOf(id), [...(byLabel.get(arm.labelOf(id)) ?? []), id]);
  const points = [await look(arm, 0, 0)];
  let seconds = 0;
  for (let step = 0; step < steps; step++) {
    const { pairs, negatives } = tupleBatch(byLabel, n, drawn(n), rng(seed, "tuples", step));
    const started = performance.now();
    await arm.pairs(step, pairs, (id) => negatives.get(id));
    seconds += (performance.now() - started) / 1000;
    const due = Math.ceil((points.length * steps) / looks);
    if (step + 1 === due) points.push(await look(arm, arm.rows(), seconds));
  }
  await arm.release();
  return { points, steps };
}

/** Quality on the test split, and mean cosine distances of training items to the centre of their class and of all others. */
async function look(arm, rows, seconds) {
  const quality = await arm.measure();
  const ids = arm.train.filter((_, i) => i % Math.ceil(arm.train.length / 1500) === 0);
  const { data, dimension } = await arm.learner.vectors(ids);
  const unit = ids.map((_, i) => normalised(data.subarray(i * dimension, (i + 1) * dimension)));
  const sums = new Map();
  ids.forEach((id, i) => {
    const sum = sums.get(arm.labelOf(id)) ?? new Float64Array(dimension);
    unit[i].forEach((x, d) => {
      sum[d] += x;
    });
    sums.set(arm.labelOf(id), sum);
  });
  const centres = new Map([...sums].map(([label, sum]) => [label, normalised(sum)]));
  const total = { own: 0, nearest: 0, all: 0 };
  ids.forEach((id, i) => {
    const others = [...centres]
      .filter(([label]) => label !== arm.labelOf(id))
      .map(([, centre]) => 1 - dot(unit[i], centre));
    total.own += (1 - dot(unit[i], centres.get(arm.labelOf(id)))) / ids.length;
    total.nearest += Math.min(...others) / ids.length;
    total.all += others.reduce((a, b) => a + b, 0) / others.length / ids.length;
  });
  return { rows, seconds, ...quality, ...total };
}

function normalised(vector) {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0)) || 1;
  return Float64Array.from(vector, (x) => x / length);
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function text() {
  const at = (runs, point, key, digits) =>
    meanAndDeviation(
      runs.map(({ points }) => points[point][key]),
      digits,
    );
  const qualities = ({ found }) =>
    [...found].map(([name, runs]) => {
      const cells = Array.from({ length: looks + 1 }, (_, point) => at(runs, point, "map@r"));
      return `| ${name} | ${runs[0].steps} | ${cells.join(" | ")} | ${at(runs, looks, "precision@1")} | ${at(runs, looks, "seconds", 1)} |`;
    });
  const distances = ({ found }) =>
    [...found].flatMap(([name, runs]) =>
      [
        ["own", "own class"],
        ["nearest", "nearest other class"],
        ["all", "all other classes"],
      ].map(
        ([key, of], i) =>
          `| ${i === 0 ? name : ""} | ${of} | ${Array.from({ length: looks + 1 }, (_, point) => at(runs, point, key, 2)).join(" | ")} |`,
      ),
    );
  const shares = Array.from({ length: looks + 1 }, (_, point) => `${Math.round((100 * point) / looks)} %`).join(" | ");
  const rule = "---|".repeat(looks + 1);
  return `N anchors of N distinct classes a step. A triplet step sends 3N rows through the encoder, an (N+1)-tuplet step (N+1)N, an N-pair step 2N: with the same ${budget.toLocaleString("en-US")} rows an arm
makes as many steps as it can afford. N-pair and tuplet losses take raw dot products with an l2 penalty of 0.002 (N-pair), as their paper does; triplets cosine distance. ${seeds.length} seeds, mean ± standard deviation;
seconds are those of the updates.

${tables
  .map(
    (table) => `${table.set.about}; N = ${table.n}. MAP@R on the test split after shares of the rows:

| loss | steps | ${shares} | precision@1 | seconds |
|---|---|${rule}---|---|
${qualities(table).join("\n")}

Mean cosine distance of a training item to the centres of classes, after the same shares:

| loss | centre of | ${shares} |
|---|---|${rule}
${distances(table).join("\n")}`,
  )
  .join("\n\n")}`;
}
