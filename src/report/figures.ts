// How figures of retrieval are written, in the report, the model card and the terminal.

import type { EvaluationResult } from "../evaluate/systems.js";

/** `0.512`: three decimals; a dash for what is not a number. */
export function decimals(value: number, digits = 3): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

/** `+0.095`, `−0.010`: a difference with its sign. */
export function signed(value: number, digits = 3): string {
  const text = decimals(Math.abs(value), digits);
  return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

/** `0.512 [0.490, 0.534]`. */
export function interval(value: { readonly mean: number; readonly low: number; readonly high: number }): string {
  return `${decimals(value.mean)} [${decimals(value.low)}, ${decimals(value.high)}]`;
}

/** A p value: `< 0.001` below that, else three decimals. */
export function pValue(p: number): string {
  return p < 0.001 ? "< 0.001" : decimals(p);
}

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `p < 0.001`, `p = 0.040`, never broken over two lines. */
export function pPhrase(p: number): string {
  return p < 0.001 ? "p\u00a0<\u00a00.001" : `p\u00a0=\u00a0${decimals(p)}`;
}

/** A measure as it is written in papers: `nDCG@10`, `MRR@10`. */
export function measureName(name: string): string {
  const [base = name, ...rest] = name.split("@");
  const known = new Map([
    ["ndcg", "nDCG"],
    ["mrr", "MRR"],
    ["map", "MAP"],
    ["recall", "Recall"],
    ["hit", "Hit"],
    ["precision", "Precision"],
    ["r-precision", "R-precision"],
    ["nmi", "NMI"],
    ["ami", "AMI"],
    ["accuracy", "Accuracy"],
    ["spearman", "Spearman"],
    ["pearson", "Pearson"],
  ]);
  return [known.get(base) ?? base, ...rest.map((cut) => (cut === "r" ? "R" : cut))].join("@");
}

/** A system as people call it. */
export function systemName(name: string): string {
  if (name === "bm25") return "BM25";
  if (name === "tf-idf") return "TF-IDF";
  // What finds, then what ranks.
  return name.replace(/^bm25\+/, "BM25 + ").replace(/^first-stage(\+|$)/, (_, then) => `first stage${then && " + "}`);
}

/** What a result was measured on. */
export function testBed({ kind, split, queries, documents, lone = 0 }: EvaluationResult["data"]): string {
  if (kind === "scored") return `${count(queries)} pairs of the ${split} split`;
  if (kind === "texts") return `masked tokens of ${count(queries)} texts that were held out`;
  if (kind === undefined)
    return `${count(queries)} queries of the ${split} split against ${count(documents)} documents`;
  const left = lone === 0 ? "" : `; ${count(lone)} that share no label with another are left out`;
  return `${count(queries)} items of the ${split} split, each against the ${count(documents - 1)} others${left}`;
}
