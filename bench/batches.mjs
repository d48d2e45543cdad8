// The batches that both sides of the fine-tuning benchmark see.
import { collectWarnings, loadData } from "nearmiss";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { encoderOf, loadWeights, readModelFolder } from "#nearmiss/checkpoint/index.js";
import { knownPositives, trainingRows } from "#nearmiss/data/rows.js";
import { sequencer } from "#nearmiss/encode/model.js";
import { collateBatch, layOutBatch } from "#nearmiss/train/batch.js";
import { tokenSource } from "#nearmiss/train/token-source.js";

/** Batches of random rows that share no query and no document. */
export function randomBatches(data, count, size) {
  const used = new Set();
  const distinct = shuffle([...trainingRows(data, "train")], rng(1, "bench")).filter(({ queryId, positiveId }) => {
    const fresh = !used.has(positiveId) && !used.has(queryId);
    used.add(positiveId).add(queryId);
    return fresh;
  });
  return Array.from({ length: count }, (_, i) => distinct.slice(i * size, (i + 1) * size));
}

/** A pretrained encoder, its weights, and a function from rows to the feeds of its training step. */
export async function fineTuning(model, source, { maxLength, groups }) {
  const data = await loadData(source);
  const folder = await readModelFolder(model, collectWarnings());
  const description = { ...folder, maxLength };
  const encoder = encoderOf(description);
  const tensors = loadWeights(folder);
  const weights = new Map([...encoder.parameters.keys()].map((name) => [name, tensors.get(name)]));
  const tokens = tokenSource(data, sequencer(description, collectWarnings()));
  const known = knownPositives(data, ["train"]);
  const collate = (rows) =>
    collateBatch(
      layOutBatch(rows, () => [], known, "batch"),
      encoder,
      tokens.query,
      tokens.document,
      groups,
    );
  return { data, encoder, weights, tokens, known, collate };
}
