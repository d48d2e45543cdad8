// Random, easy, semi-hard and hardest negatives and the window over a macro-batch, from the same initialisation, with the triplet loss. Writes its
// section of docs/results.md.
//
//     node bench/results-miners.mjs [--sets banking77,omniglot,digits] [--seeds 1,2,3] [--steps 300] [--data ../shared/data] [--dry]
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { labelledBatches } from "#nearmiss/data/labelled-batches/index.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { loss } from "#nearmiss/losses/index.js";
import { allenaiWindow } from "#nearmiss/miners/allenai-window.js";
import { miner } from "#nearmiss/miners/index.js";
import { endless } from "#nearmiss/train/endless.js";
import { collapseStep, meanAndDeviation, openArm } from "./labelled/arm.mjs";
import { labelledSets } from "./labelled/data.mjs";
import { labelledOptions } from "./labelled/options.mjs";
import { writeSection } from "./labelled/section.mjs";

const { values, seeds, threads, steps } = labelledOptions({ sets: "banking77,omniglot,digits", steps: "300" });
const margin = 0.2;
const comparing = { metric: "cosine", normalize: false };
const windows = {
  random: { window: "all", choose: "random" },
  easy: { window: "easy", choose: "random" },
  "semi-hard": { window: "semi-hard", choose: "nearest" },
  hardest: { window: "all", choose: "nearest" },
};
const arms = [...Object.keys(windows), "window over a macro-batch"];
const [classes, itemsPerClass, macro] = [10, 5, 500];

const engine = await createEngine({ threads });
const sets = await labelledSets(values.data, values.sets.split(","));
const tables = [];
for (const set of sets) {
  const found = new Map([["untrained", []], ...arms.map((name) => [name, []])]);
  for (const seed of seeds) {
    for (const name of arms) {
      const started = performance.now();
      const one = name in windows ? await inBatch(set, seed, name) : await overMacroBatch(set, seed);
      found.get(name).push({ ...one, seconds: (performance.now() - started) / 1000 });
      if (name === arms[0]) found.get("untrained").push(one.untrained);
      console.error(`${set.name}, seed ${seed}, ${name}: ${JSON.stringify(one.quality)}, collapse ${one.collapse}`);
    }
  }
  tables.push({ set, found });
}
await engine.close();
if (values.dry) console.log(text());
else writeSection("Which negatives of a batch help, and which collapse", "node bench/results-miners.mjs", text());

async function inBatch(set, seed, name) {
  const selection = miner("facenet-semi-hard", { alpha: margin, ...windows[name], fallback: "drop", ...comparing });
  const arm = await openArm({
    engine,
    set,
    seed,
    loss: loss("triplet-margin", { margin, metric: "cosine" }),
    miner: selection,
    steps,
  });
  const items = arm.train.map((id) => ({ id, labels: [arm.labelOf(id)] }));
  const batches = endless(
    (epoch) => labelledBatches(items, { kind: "classes-times-items", classes, itemsPerClass }, { seed, epoch }).batches,
  );
  return follow(arm, async (step) => {
    const ids = batches.at(step).batch.map(({ id }) => id);
    const generator = rng(seed, "noise", step);
    const noise = Float32Array.from({ length: ids.length ** 2 }, () => ((generator.uint32() >>> 9) + 0.5) / 2 ** 23);
    return arm.labelled(step, ids, noise);
  });
}

/** Pairs of a macro-batch are embedded as the model is, each is given the hardest negative of its window, and those that have one are trained on. */
async function overMacroBatch(set, seed) {
  const arm = await openArm({ engine, set, seed, loss: loss("triplet-margin", { margin, metric: "cosine" }), steps });
  const size = Math.floor((classes * itemsPerClass) / 3);
  const byLabel = new Map();
  for (const id of arm.train) byLabel.set(arm.labelOf(id), [...(byLabel.get(arm.labelOf(id)) ?? []), id]);
  let ready = [];
  let round = 0;
  return follow(arm, async (step) => {
    for (let tries = 0; ready.length < size && tries < 20; tries++) {
      const generator = rng(seed, "macro", round++);
      const pairs = shuffle([...arm.train], generator)
        .slice(0, macro)
        .map((id) => [id, other(byLabel.get(arm.labelOf(id)), id, generator)]);
      const { data, dimension } = await arm.vectors(pairs.flat());
      const side = (i) =>
        pairs.flatMap((_, row) => [...data.subarray((2 * row + i) * dimension, (2 * row + i + 1) * dimension)]);
      // The guard compares what answers say; here the class is what they say.
      const answerTexts = pairs.map(([, positive]) => arm.labelOf(positive));
      const { negatives } = allenaiWindow(
        { questions: side(0), answers: side(1), dimension, answerTexts },
        { minMargin: 0, maxMargin: margin },
      );
      ready.push(
        ...pairs.flatMap(([anchor, positive], i) =>
          negatives[i] === null ? [] : [[anchor, positive, pairs[negatives[i]][1]]],
        ),
      );
    }
    const batch = [];
    const seen = new Set();
    const later = [];
    for (const triplet of ready) {
      if (batch.length < size && !seen.has(triplet[0])) {
        batch.push(triplet);
        seen.add(triplet[0]);
      } else later.push(triplet);
    }
    ready = later;
    if (batch.length === 0) return { loss: 0, activeShare: 0, spread: Number.NaN, meanNegativeDistance: Number.NaN };
    const negativeOf = new Map(batch.map(([anchor, , negative]) => [anchor, negative]));
    return arm.pairs(step, batch, (id) => [negativeOf.get(id)]);
  });
}

function other(ids, id, generator) {
  const rest = ids.filter((one) => one !== id);
  return rest.length === 0 ? id : rest[generator.int(rest.length)];
}

/** Runs all steps of an arm. */
async function follow(arm, step) {
  const untrained = await arm.measure();
  const series = [];
  for (let i = 0; i < steps; i++) series.push({ step: i + 1, ...(await step(i)) });
  const quality = await arm.measure();
  const last = series.slice(-20);
  const mean = (key) => last.reduce((sum, one) => sum + one[key], 0) / last.length;
  const rows = arm.rows();
  await arm.release();
  return {
    untrained: { quality: untrained },
    quality,
    rows,
    loss: mean("loss"),
    active: mean("activeShare"),
    spread: mean("spread"),
    collapse: collapseStep(series, margin),
  };
}

function text() {
  const row = (name, runs) => {
    const quality = ["map@r", "precision@1"].map((key) => meanAndDeviation(runs.map((run) => run.quality[key])));
    if (name === "untrained") return `| ${name} | ${quality.join(" | ")} | – | – | – | – | – |`;
    const stopped = runs.flatMap((run) => (run.collapse === null ? [] : [run.collapse]));
    const collapse =
      stopped.length === 0 ? "none" : `${stopped.length} of ${runs.length}, at step ${stopped.join(", ")}`;
    const [ends, active, spread] = ["loss", "active", "spread"].map((key) =>
      meanAndDeviation(runs.map((run) => run[key])),
    );
    return `| ${name} | ${quality.join(" | ")} | ${ends} | ${active} | ${spread} | ${collapse} | ${Math.round(runs[0].rows).toLocaleString("en-US")} |`;
  };
  return `Triplet loss, cosine distance, margin ${margin}; ${steps} steps of ${classes} classes × ${itemsPerClass} items (the window: ${Math.floor((classes * itemsPerClass) / 3)} triplets a step,
chosen among ${macro} pairs that are embedded first); every arm of a seed begins with the same weights; ${seeds.length} seeds, mean ± standard deviation. Loss, active share (triplets with a loss above 0, of
those chosen) and spread are means of the last 20 steps. Encoder rows count what is only looked at, too.

${tables
  .map(
    ({ set, found }) => `${set.about}.

| negatives | MAP@R | precision@1 | loss | active | spread | collapse | encoder rows |
|---|---|---|---|---|---|---|---|
${[...found].map(([name, runs]) => row(name, runs)).join("\n")}`,
  )
  .join("\n\n")}`;
}
