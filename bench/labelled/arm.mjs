// One arm of a comparison: an encoder, a loss, and a way to batches. Everything but the batches is what `nearmiss train` uses.
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { schedule } from "#nearmiss/engine/schedule.js";
import { measureLabelled, parseLabelledMeasures } from "#nearmiss/evaluate/labelled-measures.js";
import { findCollapse } from "#nearmiss/miners/collapse.js";
import { layOutBatch } from "#nearmiss/train/batch.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { itemLearner } from "#nearmiss/train/item-learner.js";
import { labelledFeeds, labelledSpec } from "#nearmiss/train/labelled-program.js";
import { pairStep, wholeBatches } from "#nearmiss/train/stepper.js";
import { withTelemetry } from "#nearmiss/train/telemetry.js";

const measures = parseLabelledMeasures(["precision@1", "map@r"]);

/** An encoder with a loss, ready for steps. The same seed is the same initialisation, whatever the loss. */
export async function openArm({ engine, set, seed, loss, miner = null, steps }) {
  const { data } = set;
  const config = resolveConfig({ data: "data", seed, sampler: "in-batch", dropout: 0, weightDecay: 0, ...set.config });
  const train = data.splits.get("train");
  const classes = new Map();
  for (const id of train)
    for (const label of data.items.get(id).labels) if (!classes.has(label)) classes.set(label, classes.size);
  const warnings = collectWarnings();
  const learner = await itemLearner({ engine, config, data, warnings, loss, classes: classes.size, train });
  const { encoder, weights, optimiser, lossParameters } = learner;
  const rate = schedule("linear", Math.ceil(steps / 10), steps);
  const labels = (ids) => ids.map((id) => data.items.get(id).labels);
  const settings = (step) => ({ learningRate: config.learningRate * rate(step), maxNorm: 1 });
  const compiled = new Map();
  const pairs =
    "pairs" in loss.build ? wholeBatches(learner, 0, pairStep(learner, encoder, withTelemetry(loss), same)) : null;
  const byLabel = new Map();
  for (const id of train)
    for (const label of data.items.get(id).labels) byLabel.set(label, [...(byLabel.get(label) ?? []), id]);
  const known = { get: (id) => new Set(data.items.get(id).labels.flatMap((label) => byLabel.get(label) ?? [])) };
  let encoded = 0;
  return {
    learner,
    train,
    labelOf: (id) => data.items.get(id).labels[0],
    /** Rows that went through the encoder, gradients or not. */
    rows: () => encoded,
    /** An update on labelled rows; `noise` for a miner that draws. */
    async labelled(step, ids, noise) {
      const items = ids.map((id) => ({ id, labels: data.items.get(id).labels }));
      encoded += ids.length;
      const { groups, key, feeds, place } = encoder.collate(ids, 10);
      if (!compiled.has(key)) {
        const parts = { encoder, loss, parameters: lossParameters, miner, singleLabels: true, memory: false };
        compiled.set(key, await engine.compile(labelledSpec(parts, { groups, dropout: 0, attentionDropout: 0 })));
      }
      const relations = labelledFeeds(items, null, place, ({ labels: [label] }) => classes.get(label));
      const drawn = miner?.random ? { noise: { dtype: "float32", shape: [ids.length, ids.length], data: noise } } : {};
      const microBatches = [{ ...feeds, ...relations, ...drawn }];
      return report(
        await engine.step({ program: compiled.get(key), weights, optimiser, microBatches, ...settings(step) }),
      );
    },
    /** An update on pairs of ids, each with its own negatives if it has some. */
    async pairs(step, rows, negativesOf = () => []) {
      const training = rows.map(([queryId, positiveId]) => ({ queryId, positiveId }));
      const layout = layOutBatch(training, (row) => negativesOf(row.queryId), known, loss.scope);
      encoded += layout.rows.length + layout.columns.length;
      return report(await pairs.prepare([layout])(settings(step)));
    },
    /** Vectors of ids as the weights are; counted as encoded. */
    async vectors(ids) {
      encoded += ids.length;
      return learner.vectors(ids);
    },
    /** Quality on the test split, each item against all others. */
    async measure(of = (ids) => learner.vectors(ids)) {
      const ids = data.splits.get("test");
      const { data: vectors, dimension } = await of(ids);
      const queries = { vectors, labels: labels(ids) };
      return Object.fromEntries(
        (await measureLabelled({ queries, dimension, similarity: "cosine", engine, measures })).means,
      );
    },
    async release() {
      for (const program of compiled.values()) await engine.release(program);
      await learner.release();
    },
  };
}

const same = { query: (id) => id, document: (id) => id };

function report({ outputs: [output] }) {
  return Object.fromEntries(
    Object.entries(output).flatMap(([name, { data }]) => (data.length === 1 ? [[name, Number(data[0])]] : [])),
  );
}

/** The step at which a collapse is sure, or null. */
export const collapseStep = (series, lossWhenEqual) => findCollapse(series, { lossWhenEqual })?.step ?? null;

/** Mean ± standard deviation over seeds. */
export function meanAndDeviation(values, digits = 3) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, values.length - 1));
  return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}
