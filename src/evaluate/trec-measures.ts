import { belowZero, type GradedRanking } from "./ranking.js";

/** What the formulas need of one query. Relevant means a grade of at least `level`. */
interface Findings extends GradedRanking {
  readonly level: number;
  /** Relevant documents that there are. */
  readonly relevant: number;
  /** Ranks of the relevant documents found, from 1, ascending. */
  readonly ranks: Int32Array;
  /** Ranks of the documents found with a grade above 0, and all such grades, largest first: whatever the level. */
  readonly gainRanks: Int32Array;
  readonly ideal: Int32Array;
}

/** The value of one query at a cut-off (∞ where the measure has none). */
type Formula = (findings: Findings, cut: number) => number;

/** How the queries' values become one. `geometric`: the geometric mean, with 0.00001 in place of smaller values. */
export type Summary = "mean" | "sum" | "geometric";

interface Family {
  readonly formula: Formula;
  readonly summary: Summary;
  /** The cut-offs of a family that has them, where none are given: ranks, or shares of the relevant documents (0 … 1). */
  readonly cuts?: readonly number[];
  readonly unit?: "rank" | "share";
}

/** A measure of trec_eval under its name, such as `ndcg_cut_10`. */
export interface TrecMeasure {
  readonly name: string;
  readonly summary: Summary;
  readonly formula: Formula;
  readonly cut: number;
}

const atRanks = { unit: "rank", cuts: [5, 10, 15, 20, 30, 100, 200, 500, 1000] } as const;
const tenths = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

const mean = (formula: Formula, cuts: Pick<Family, "cuts" | "unit"> = {}): Family => ({
  formula,
  summary: "mean",
  ...cuts,
});
const sum = (formula: Formula): Family => ({ formula, summary: "sum" });
const geometric = (formula: Formula): Family => ({ formula, summary: "geometric" });

/** trec_eval 10's measures in its order. Nothing divided by nothing is 0. */
export const families: ReadonlyMap<string, Family> = new Map([
  ["num_q", sum(() => 1)],
  ["num_ret", sum(({ ranked }) => ranked.length)],
  ["num_rel", sum(({ relevant }) => relevant)],
  ["num_rel_ret", sum(({ ranks }) => ranks.length)],
  ["map", mean(averagePrecision)],
  ["gm_map", geometric(averagePrecision)],
  ["Rprec", mean((one) => ratio(within(one, one.relevant), one.relevant))],
  ["bpref", mean(bpref)],
  ["recip_rank", mean(({ ranks }) => (ranks.length === 0 ? 0 : 1 / ranks[0]!))],
  ["iprec_at_recall", mean(interpolatedPrecision, { unit: "share", cuts: tenths })],
  ["P", mean((one, k) => within(one, k) / k, atRanks)],
  ["recall", mean((one, k) => ratio(within(one, k), one.relevant), atRanks)],
  ["infAP", mean(inferredPrecision)],
  ["gm_bpref", geometric(bpref)],
  ["11pt_avg", mean((one) => tenths.reduce((total, share) => total + interpolatedPrecision(one, share), 0) / 11)],
  ["ndcg", mean(ndcg)],
  ["ndcg_cut", mean(ndcg, atRanks)],
  ["map_cut", mean(averagePrecision, atRanks)],
  ["relative_P", mean((one, k) => ratio(within(one, k), Math.min(k, one.relevant)), atRanks)],
  ["success", mean((one, k) => Math.min(1, within(one, k)), { unit: "rank", cuts: [1, 5, 10] })],
  ["set_P", mean(setPrecision)],
  ["set_relative_P", mean(({ ranked, ranks, relevant }) => ratio(ranks.length, Math.min(ranked.length, relevant)))],
  ["set_recall", mean(setRecall)],
  ["set_map", mean((one) => setPrecision(one) * setRecall(one))],
  ["set_F", mean(({ ranked, ranks, relevant }) => ratio(2 * ranks.length, ranked.length + relevant))],
  ["num_nonrel_judged_ret", sum(({ ranked, level }) => ranked.filter((grade) => grade >= 0 && grade < level).length)],
]);

/** The values of one query, in the order of the measures. */
export function trecValues(measures: readonly TrecMeasure[], ranking: GradedRanking, level: number): Float64Array {
  const { ranked, judged } = ranking;
  const findings: Findings = {
    ...ranking,
    level,
    relevant: judged.filter((grade) => grade >= level).length,
    ranks: ranksOf(ranked, (grade) => grade >= level),
    gainRanks: ranksOf(ranked, (grade) => grade > 0),
    ideal: judged
      .filter((grade) => grade > 0)
      .sort()
      .reverse(),
  };
  return Float64Array.from(measures, ({ formula, cut }) => formula(findings, cut));
}

function ranksOf(grades: Int32Array, wanted: (grade: number) => boolean): Int32Array {
  const found: number[] = [];
  for (let i = 0; i < grades.length; i++) if (wanted(grades[i]!)) found.push(i + 1);
  return Int32Array.from(found);
}

/** One value from those of all queries (or of those both files have: `rows`), each an array in the order of the measures. */
export function summarise(rows: readonly Float64Array[], place: number, summary: Summary): number {
  let total = 0;
  for (const row of rows) total += summary === "geometric" ? Math.log(Math.max(row[place]!, 0.00001)) : row[place]!;
  if (summary === "sum") return total;
  const average = ratio(total, rows.length);
  return summary === "geometric" ? Math.exp(average) : average;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Relevant documents in the first k. */
function within({ ranks }: Findings, k: number): number {
  let found = 0;
  while (found < ranks.length && ranks[found]! <= k) found++;
  return found;
}

/** Precision at each relevant document within k, summed, / all relevant documents. */
function averagePrecision({ ranks, relevant }: Findings, k: number): number {
  let total = 0;
  for (let i = 0; i < ranks.length && ranks[i]! <= k; i++) total += (i + 1) / ranks[i]!;
  return ratio(total, relevant);
}

/** Discounted cumulated gain, linear, over that of the best order (Järvelin and Kekäläinen 2002); both cut at k. */
function ndcg({ ranked, gainRanks, ideal }: Findings, k: number): number {
  let gained = 0;
  for (let i = 0; i < gainRanks.length && gainRanks[i]! <= k; i++)
    gained += ranked[gainRanks[i]! - 1]! / Math.log2(gainRanks[i]! + 1);
  let best = 0;
  for (let i = 0; i < ideal.length && i < k; i++) best += ideal[i]! / Math.log2(i + 2);
  return ratio(gained, best);
}

/** Buckley and Voorhees (2004): for each relevant document found, the share of the judged others that do not stand above it; what is not judged does not count. */
function bpref({ ranked, judged, level, relevant }: Findings): number {
  const others = judged.filter((grade) => grade >= 0 && grade < level).length;
  let above = 0;
  let total = 0;
  for (const grade of ranked) {
    if (grade >= level) total += above === 0 ? 1 : 1 - Math.min(above, relevant) / Math.min(others, relevant);
    else if (grade >= 0) above += 1;
  }
  return ratio(total, relevant);
}

/** The largest precision at a recall of at least `share`: 0 where that recall is not reached. */
function interpolatedPrecision({ ranks, relevant }: Findings, share: number): number {
  let best = 0;
  for (let i = Math.max(1, Math.round(share * relevant)); i <= ranks.length; i++)
    best = Math.max(best, i / ranks[i - 1]!);
  return best;
}

/** Inferred average precision (Yilmaz and Aslam 2006); a grade below 0 marks what was pooled and not judged. */
function inferredPrecision({ ranked, level, relevant }: Findings): number {
  const epsilon = 0.00001;
  let hits = 0;
  let others = 0;
  let pooled = 0;
  let total = 0;
  for (let above = 0; above < ranked.length; above++) {
    const grade = ranked[above]!;
    if (grade >= level) {
      const precision = (hits + epsilon) / (hits + others + 2 * epsilon);
      total += above === 0 ? 1 : (1 + (hits + others + pooled) * precision) / (above + 1);
      hits += 1;
    } else if (grade >= 0) others += 1;
    else if (grade === belowZero) pooled += 1;
  }
  return ratio(total, relevant);
}

function setPrecision({ ranked, ranks }: Findings): number {
  return ratio(ranks.length, ranked.length);
}

function setRecall({ ranks, relevant }: Findings): number {
  return ratio(ranks.length, relevant);
}
