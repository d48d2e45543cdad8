import { inputError } from "../base/errors.js";
import type { LabelledData } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import { middle95, resampledMeans } from "../evaluate/bootstrap.js";
import {
  type LabelledMeasure,
  type LabelledResult,
  measureLabelled,
  parseLabelledMeasures,
} from "../evaluate/labelled-measures.js";
import { randomisationTests } from "../evaluate/randomisation.js";
import type { Comparison, SystemResult } from "../evaluate/systems.js";
import type { ItemLearner } from "./item-learner.js";
import type { FinalEvaluation, TaskOptions } from "./task.js";

/** What the final evaluation of labelled items measures. */
const standard = ["precision@1", "r-precision", "map@r", "mrr", "recall@1", "recall@10"];

/** Resamples of intervals and tests. */
const RESAMPLES = 10_000;

/** The measure that chooses the best step. Throws `unknown-measure`, and `bad-config` for several. */
export function itemMeasures(metric: string): readonly LabelledMeasure[] {
  if (metric.includes(","))
    throw inputError("bad-config", "one measure chooses the best model", { field: "metric", found: metric });
  return parseLabelledMeasures([metric]);
}

/** How a model of labelled items is measured: each item of a split against all others of it. */
export function evaluateItems(
  learner: ItemLearner,
  data: LabelledData,
  chosen: readonly LabelledMeasure[],
  { config, engine, warnings }: TaskOptions<LabelledData>,
) {
  const idsOf = (split: string): readonly string[] => {
    const ids = data.splits.get(split);
    if (ids !== undefined && ids.length > 1) return ids;
    throw inputError("no-dev-split", "the split that chooses the best model has no two items", {
      file: data.source,
      field: split,
    });
  };
  const measured = async (ids: readonly string[], { data: vectors, dimension }: Vectors, measures = chosen) =>
    measureLabelled({
      queries: { vectors, labels: ids.map((id) => data.items.get(id)?.labels ?? []) },
      dimension,
      similarity: learner.similarity,
      engine,
      measures,
    });
  const dev = idsOf(config.devSplit);
  return {
    async dev(): Promise<Readonly<Record<string, number>>> {
      return Object.fromEntries((await measured(dev, await learner.vectors(dev))).means);
    },
    async finally(): Promise<FinalEvaluation> {
      const split = data.splits.has("test") ? "test" : config.devSplit;
      const ids = idsOf(split);
      const measures = parseLabelledMeasures([...new Set([...standard, config.metric])]);
      const systems = [
        { name: "model", kind: "model", vectors: await learner.vectors(ids) },
        { name: "untrained", kind: "untrained", vectors: await learner.untrained(ids) },
      ] as const;
      const results: LabelledResult[] = [];
      for (const { vectors } of systems) results.push(await measured(ids, vectors, measures));
      const [model, untrained] = results as [LabelledResult, LabelledResult];
      if (model.lone > 0)
        warnings.add(
          "lone-items",
          "items whose label no other item of the split has are left out of the means",
          model.lone,
        );
      const columns = results.flatMap(({ values }) => measures.map(({ name }) => values.get(name) as Float64Array));
      const bootstrap = resampledMeans(columns, RESAMPLES, config.seed);
      const resampled = (column: number) =>
        Float64Array.from({ length: RESAMPLES }, (_, row) => bootstrap[row * columns.length + column] as number);
      const measuredSystems = systems.map(({ name, kind }, s): SystemResult => {
        const means = measures.map((measure, m) => [
          measure.name,
          {
            mean: results[s]?.means.get(measure.name) as number,
            ...middle95(resampled(s * measures.length + m)),
            n: model.measured.length,
          },
        ]);
        const fingerprint = kind === "model" ? "in-training" : learner.start.fingerprint;
        return { name, kind, fingerprint, measures: Object.fromEntries(means) };
      });
      const differences = measures.map(({ name }) => {
        const other = untrained.values.get(name) as Float64Array;
        return (model.values.get(name) as Float64Array).map((value, i) => value - (other[i] as number));
      });
      const tests = randomisationTests(differences, config.seed, RESAMPLES);
      const comparisons = differences.map((difference, m): Comparison => {
        const wins = difference.filter((value) => value > 0).length;
        const losses = difference.filter((value) => value < 0).length;
        const others = resampled(measures.length + m);
        return {
          a: "model",
          b: "untrained",
          measure: measures[m]?.name as string,
          difference: difference.reduce((sum, value) => sum + value, 0) / difference.length,
          ...middle95(resampled(m).map((value, row) => value - (others[row] as number))),
          p: tests[m]?.p as number,
          test: "randomisation",
          resamples: tests[m]?.resamples as number,
          wins,
          ties: difference.length - wins - losses,
          losses,
        };
      });
      const about = { fingerprint: data.fingerprint, split, queries: model.measured.length, documents: ids.length };
      return { result: { data: about, systems: measuredSystems, comparisons }, details: {} };
    },
  };
}
