import { inputError } from "../base/errors.js";
import { type MatchRankOptions, matchRanks } from "./match-ranks.js";

/** The value of one query from the ranks of its R ≥ 1 matches. */
type Formula = (ranks: Int32Array, k: number) => number;

const within = (ranks: Int32Array, k: number): number => ranks.findLastIndex((rank) => rank <= k) + 1;

/** Σ of the precision at each match within the first k, / R. */
function averagePrecision(ranks: Int32Array, k: number): number {
  let sum = 0;
  for (let i = 0; i < ranks.length && ranks[i]! <= k; i++) sum += (i + 1) / ranks[i]!;
  return sum / ranks.length;
}

/**
 * R is the number of references that share a label with the query (itself apart). `precision@k`: matches in the first k / k. `recall@k`: matches in the first
 * k / R. `hit@k`: 1 if one is there; papers on metric learning call this Recall@k. `r-precision`: matches in the first R / R. `map@r`: Σ of the precision at
 * each match in the first R / R (Musgrave, Belongie and Lim 2020). `map`: the same over all ranks / R. `mrr`: 1 / rank of the first match.
 */
const formulas: ReadonlyMap<string, Formula> = new Map<string, Formula>([
  ["precision@k", (ranks, k) => within(ranks, k) / k],
  ["recall@k", (ranks, k) => within(ranks, k) / ranks.length],
  ["hit@k", (ranks, k) => (ranks[0]! <= k ? 1 : 0)],
  ["r-precision", (ranks) => within(ranks, ranks.length) / ranks.length],
  ["map@r", (ranks) => averagePrecision(ranks, ranks.length)],
  ["map", (ranks) => averagePrecision(ranks, Number.POSITIVE_INFINITY)],
  ["mrr", (ranks) => 1 / ranks[0]!],
]);

/** A measure of labelled items by what is near each; `name` is how it is written, such as `recall@10`. */
export interface LabelledMeasure {
  readonly name: string;
  readonly formula: Formula;
  readonly k: number;
}

export interface LabelledResult {
  /** Measure → mean over the queries that have a match. */
  readonly means: ReadonlyMap<string, number>;
  /** Measure → one value a query that has a match, in their order. */
  readonly values: ReadonlyMap<string, Float64Array>;
  /** Rows of the queries that have a match. */
  readonly measured: Int32Array;
  /** Queries whose labels no reference has: left out of every mean. */
  readonly lone: number;
}

/** Reads names; throws on one that is not known. */
export function parseLabelledMeasures(names: readonly string[]): readonly LabelledMeasure[] {
  return names.map((name) => {
    const [, kind, cut] = /^([a-z-]+)@([1-9][0-9]*)$/.exec(name) ?? [];
    const formula = formulas.get(kind === undefined ? name : `${kind}@k`);
    if (formula === undefined || name.endsWith("@k"))
      throw inputError("unknown-measure", "the measure of labelled items is not known", {
        field: "measures",
        found: name,
        expected: `${[...formulas.keys(), "nmi", "ami", "accuracy", "val@far", "roc-auc", "eer", "threshold"].join(", ")}; k ≥ 1`,
      });
    return { name, formula, k: Number(cut) };
  });
}

/** Measures labelled vectors by the ranks of each query's matches; see `matchRanks` for what it takes. Throws where no query has a match. */
export async function measureLabelled(
  options: MatchRankOptions & { readonly measures: readonly LabelledMeasure[] },
): Promise<LabelledResult> {
  const ranks = await matchRanks(options);
  const measured = Int32Array.from(ranks.keys()).filter((query) => ranks[query]!.length > 0);
  if (measured.length === 0) throw inputError("no-matches", "no item shares a label with another");
  const values = new Map(
    options.measures.map(({ name, formula, k }) => [
      name,
      Float64Array.from(measured, (query) => formula(ranks[query]!, k)),
    ]),
  );
  const means = new Map(
    [...values].map(([name, own]) => [name, own.reduce((sum, value) => sum + value, 0) / own.length]),
  );
  return { means, values, measured, lone: ranks.length - measured.length };
}
