import { inputError } from "../base/errors.js";
import type { LabelledData } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import { defaultLabelledMeasures, evaluateLabelled, type VectorSystem } from "../evaluate/evaluate-labelled.js";
import { type LabelledMeasure, measureLabelled, parseLabelledMeasures } from "../evaluate/labelled-measures.js";
import { finalSplit } from "./final.js";
import type { ItemLearner } from "./item-learner.js";
import type { FinalEvaluation, TaskOptions } from "./task.js";

/** The measure that chooses the best step. Throws `unknown-measure`, and `bad-config` for several. */
export function itemMeasures(metric: string): readonly LabelledMeasure[] {
  if (metric.includes(","))
    throw inputError("bad-config", "one measure chooses the best model", { field: "metric", found: metric });
  return parseLabelledMeasures([metric]);
}

/** How a model of labelled items is measured: each item of a split against all others of it. */
export function evaluateItems(
  learner: ItemLearner,
  measures: readonly LabelledMeasure[],
  { data, config, engine, warnings }: TaskOptions<LabelledData>,
) {
  const { similarity } = learner;
  const idsOf = (split: string): readonly string[] => {
    const ids = data.splits.get(split);
    if (ids !== undefined && ids.length > 1) return ids;
    throw inputError("no-dev-split", "the split that is measured has no two items", {
      file: data.source,
      field: split,
    });
  };
  const labelsOf = (ids: readonly string[]) => ids.map((id) => data.items.get(id)?.labels ?? []);
  const dev = idsOf(config.devSplit);
  return {
    async dev(): Promise<Readonly<Record<string, number>>> {
      const { data: vectors, dimension } = await learner.vectors(dev);
      const queries = { vectors, labels: labelsOf(dev) };
      return Object.fromEntries((await measureLabelled({ queries, dimension, similarity, engine, measures })).means);
    },
    async finally(): Promise<FinalEvaluation> {
      const split = finalSplit(data, config.devSplit);
      const ids = idsOf(split);
      const system = (
        name: "model" | "untrained",
        fingerprint: string,
        { data: vectors, dimension }: Vectors,
      ): VectorSystem => ({ name, kind: name, fingerprint, vectors, dimension, similarity });
      const result = await evaluateLabelled({
        data: { fingerprint: data.fingerprint, split },
        labels: labelsOf(ids),
        systems: [
          system("model", "in-training", await learner.vectors(ids)),
          system("untrained", learner.start.fingerprint, await learner.untrained(ids)),
        ],
        measures: [...new Set([...defaultLabelledMeasures, config.metric])],
        engine,
        seed: config.seed,
        warnings,
      });
      return { result, details: {} };
    },
  };
}
