import { inputError } from "../base/errors.js";
import type { Judgements } from "../base/types.js";

const kinds = ["ndcg", "mrr", "recall", "map", "hit", "precision", "answer-recall"] as const;

/** A measure of ranked results at a cut-off; `name` is how it is written, such as `ndcg@10`. */
export interface Measure {
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  readonly k: number;
}

/** Reads `ndcg@10,mrr@10,recall@100`. Throws on a name that is not known, and when there is none. */
export function parseMeasures(text: string): readonly Measure[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  if (names.length === 0) throw unknownMeasure(text);
  return names.map((name) => {
    const [, kind, cut] = /^([a-z-]+)@([1-9][0-9]*)$/.exec(name) ?? [];
    const known = kinds.find((one) => one === kind);
    if (known === undefined) throw unknownMeasure(name);
    return { name, kind: known, k: Number(cut) };
  });
}

function unknownMeasure(found: string): Error {
  return inputError("unknown-measure", "the measure is not known", {
    field: "measures",
    found,
    expected: `${kinds.map((kind) => `${kind}@k`).join(", ")} with k ≥ 1, separated by commas`,
  });
}

/** What the measures need of one ranked list. */
export interface Gains {
  /** Grade at each rank that is looked at, at least 0: unjudged documents and negative grades gain nothing. */
  readonly ranked: Float64Array;
  /** The positive grades of all judged documents, largest first. */
  readonly ideal: Float64Array;
  /** For `answer-recall`: how many ranks there are above the first document that holds an answer; infinite where none does. */
  readonly answered?: number;
}

/** The gains of the first `depth` ranks of a list of document ids. */
export function gainsOf(ids: readonly string[], judgements: Judgements, depth: number): Gains {
  const ranked = new Float64Array(Math.min(depth, ids.length));
  for (let rank = 0; rank < ranked.length; rank++) ranked[rank] = Math.max(0, judgements.get(ids[rank]!) ?? 0);
  const ideal = Float64Array.from([...judgements.values()].filter((grade) => grade > 0))
    .sort()
    .reverse();
  return { ranked, ideal };
}

/**
 * The value of a measure, 0 … 1, from gains that reach to its cut-off or to the end of the list. Relevant means a grade above 0; without
 * a relevant document the value is 0. As trec_eval defines them:
 * `ndcg`: linear gains, discount log2(rank + 1), the ideal cut at k too (Järvelin and Kekäläinen 2002); `mrr`: 1 / rank of the first
 * relevant document within k; `recall`: relevant within k / relevant; `map`: Σ of the precision at each relevant rank within k / relevant
 * (not min(k, relevant)); `hit`: 1 if one is within k; `precision`: relevant within k / k. `answer-recall` asks
 * no judgements: 1 if a document within k holds an answer.
 */
export function valueOf({ kind, k }: Measure, { ranked, ideal, answered }: Gains): number {
  if (kind === "answer-recall") return answered !== undefined && answered < k ? 1 : 0;
  const end = Math.min(k, ranked.length);
  if (ideal.length === 0) return 0;
  if (kind === "ndcg") return discounted(ranked, end) / discounted(ideal, Math.min(k, ideal.length));
  let found = 0;
  let precisions = 0;
  for (let rank = 0; rank < end; rank++) {
    if (ranked[rank] === 0) continue;
    if (kind === "mrr") return 1 / (rank + 1);
    if (kind === "hit") return 1;
    found += 1;
    precisions += found / (rank + 1);
  }
  if (kind === "recall") return found / ideal.length;
  if (kind === "map") return precisions / ideal.length;
  return kind === "precision" ? found / k : 0;
}

function discounted(gains: Float64Array, end: number): number {
  let sum = 0;
  for (let rank = 0; rank < end; rank++) sum += gains[rank]! / Math.log2(rank + 2);
  return sum;
}
