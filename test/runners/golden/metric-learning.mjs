import { measureLabelled, parseLabelledMeasures } from "#nearmiss/evaluate/labelled-measures.js";
import { close, compare } from "../compare.mjs";

const names = {
  precision_at_1: "precision@1",
  r_precision: "r-precision",
  mean_average_precision_at_r: "map@r",
  mean_average_precision: "map",
  mean_reciprocal_rank: "mrr",
};
const similarities = { l2: "l2", cosine: "cosine", dot: "dot" };
const labelled = (rows, labels) => ({ vectors: Float64Array.from(rows.flat()), labels });

export const handlers = [
  {
    matches: ({ name, json }) => name === "metric_learning_metrics" && Array.isArray(json.cases),
    async runCase(one, json) {
      const keys = Object.keys(one.expected);
      const similarity = similarities[one.distance];
      if (similarity === undefined || !keys.every((key) => key in names)) return "skip";
      const queries = labelled(one.embeddings, one.labels);
      const references = one.reference_embeddings && labelled(one.reference_embeddings, one.reference_labels);
      const measure = (wanted) =>
        measureLabelled({
          queries,
          references,
          dimension: one.embeddings[0].length,
          similarity,
          measures: parseLabelledMeasures(wanted),
        });
      const { means, measured } = await measure(keys.map((key) => names[key]));
      const got = { skipped_queries: one.labels.map((_, row) => row).filter((row) => !measured.includes(row)) };
      for (const key of keys) {
        // Alone, and with the others.
        const alone = (await measure([names[key]])).means.get(names[key]);
        got[key] = alone === means.get(names[key]) ? alone : Number.NaN;
      }
      const want = { ...one.expected, skipped_queries: one.skipped_queries ?? [] };
      return compare(got, want, (a, b) => close(a, b, json.tolerance));
    },
  },
];
