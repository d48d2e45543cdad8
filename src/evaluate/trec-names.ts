import { inputError } from "../base/errors.js";
import { families, type TrecMeasure } from "./trec-measures.js";

const official = "num_q num_ret num_rel num_rel_ret map gm_map Rprec bpref recip_rank iprec_at_recall P";
const sets = new Map([
  ["official", official],
  ["all_trec", [...families.keys()].join(" ")],
]);
/** `official`, and what else is reported often. */
const usual = `${official} P.1 recall ndcg ndcg_cut ndcg_cut.1,3 success set_P set_recall set_F`;

/**
 * Measures by trec_eval's names, parted by commas or blanks: `map`, `ndcg_cut_10`, `ndcg_cut.5,10`, `ndcg_cut` (with trec_eval's cut-offs), `official`, `all_trec`.
 * Without any: `official` and what else is reported often. Each once, in trec_eval's order. Throws on an unknown name.
 */
export function parseTrecMeasures(names: readonly string[] = []): readonly TrecMeasure[] {
  const order = [...families.keys()];
  const found = new Map<string, TrecMeasure & { readonly place: number }>();
  // A cut-off without a name belongs to the name before it.
  let family = "";
  for (const name of wordsOf(names.length === 0 ? usual : names.join(" "))) {
    const [, before, digits] = families.has(name) ? [] : (/^(?:([a-zA-Z]\w*?)[._])?(\d*\.?\d+)$/.exec(name) ?? []);
    family = digits === undefined ? name : (before ?? family);
    const known = families.get(family);
    const cut = digits === undefined ? undefined : Number(digits);
    if (known === undefined || (cut !== undefined && !isCut(cut, known.unit))) throw unknownMeasure(name);
    const { formula, summary, unit, cuts = [Number.POSITIVE_INFINITY] } = known;
    for (const at of cut === undefined ? cuts : [cut]) {
      const full = unit === undefined ? family : `${family}_${unit === "share" ? at.toFixed(2) : at}`;
      found.set(full, { name: full, summary, formula, cut: at, place: order.indexOf(family) });
    }
  }
  if (found.size === 0) throw unknownMeasure(names.join(" "));
  return [...found.values()].sort((a, b) => a.place - b.place || a.cut - b.cut);
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/[\s,]+/)
    .flatMap((word) => (word === "" ? [] : sets.has(word) ? wordsOf(sets.get(word)!) : [word]));
}

function isCut(value: number, unit: "rank" | "share" | undefined): boolean {
  return unit === "rank" ? Number.isInteger(value) && value > 0 : unit === "share" && value <= 1;
}

function unknownMeasure(found: string): Error {
  const written = [...families].map(([name, { unit }]) =>
    unit === undefined ? name : `${name}_${unit === "rank" ? "k" : "0.10"}`,
  );
  return inputError("unknown-measure", "trec_eval's measure is not known here", {
    field: "measures",
    found,
    expected: `${[...sets.keys()].join(", ")}, or of ${written.join(", ")}`,
  });
}
