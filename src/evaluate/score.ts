import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { Warnings } from "../base/warnings.js";
import { idTable } from "./id-column.js";
import { gradedRanking, type RankingOptions } from "./ranking.js";
import { type Summary, summarise, trecValues } from "./trec-measures.js";
import { parseTrecMeasures } from "./trec-names.js";
import { readQrelsRows, readRunRows, type TrecRows } from "./trec-rows.js";

export interface ScoreOptions extends RankingOptions {
  /** Files; see `readQrelsRows` and `readRunRows`. */
  readonly qrels: string;
  readonly run: string;
  /** Average over all judged queries, with 0 for those that the run lacks (trec_eval -c); without it over those of both files. */
  readonly complete?: boolean | undefined;
  /** Lowest grade that is relevant; default 1 (trec_eval -l). */
  readonly level?: number | undefined;
  /** trec_eval's names; see `parseTrecMeasures`. */
  readonly measures?: readonly string[] | undefined;
  readonly perQuery?: boolean | undefined;
  readonly warnings?: Warnings | undefined;
}

/** Values by trec_eval's name of the measure. */
export type TrecValues = Readonly<Record<string, number>>;

export interface ScoreResult {
  readonly options: {
    readonly complete: boolean;
    readonly level: number;
    readonly judgedOnly: boolean;
    readonly depth: number | null;
  };
  /** The run's tag. */
  readonly runid: string;
  readonly all: TrecValues;
  /** With `perQuery`: by query id, ordered by code point. */
  readonly queries?: ReadonlyMap<string, TrecValues>;
}

/**
 * Measures a run as trec_eval 10 does. Queries without judgements are left out, and judged queries that the run lacks too unless `complete`; both
 * are counted in warnings. Throws on files that cannot be read, on a document twice for a query, and where no query is left.
 */
export async function scoreRun(options: ScoreOptions): Promise<ScoreResult> {
  const { complete = false, level = 1, judgedOnly = false, depth } = options;
  const measures = parseTrecMeasures(options.measures);
  const qrels = await readQrelsRows(options.qrels);
  const run = await readRunRows(options.run);
  const inRun = new Map(run.queries.map((id, query) => [id, query]));
  const judged = qrels.queries.map((id, query) => ({ id, query, found: inRun.get(id) }));
  const measured = (complete ? judged : judged.filter(({ found }) => found !== undefined)).sort((a, b) =>
    compareCodePoints(a.id, b.id),
  );
  if (measured.length === 0)
    throw inputError("no-judgements", "no query of the run is judged", {
      file: options.run,
      hint: `judgements: ${options.qrels}`,
    });
  warn(qrels, judged.filter(({ found }) => found === undefined).length, run.queries.length, options);

  const table = idTable();
  const values = measured.map(({ query, found }) => {
    const ranking = gradedRanking({ rows: run, query: found }, { rows: qrels, query }, table, { depth, judgedOnly });
    return trecValues(measures, ranking, level);
  });
  const summary = (name: string, place: number, how: Summary): number =>
    name === "num_rel" && complete ? positives(qrels) : summarise(values, place, how);
  const all = measures.map(({ name, summary: how }, place) => [name, summary(name, place, how)] as const);
  const shown = measures.flatMap(({ name, summary }, place) =>
    name === "num_q" || summary === "geometric" ? [] : [{ name, place }],
  );
  const ofQuery = (row: Float64Array): TrecValues =>
    Object.fromEntries(shown.map(({ name, place }) => [name, row[place]!]));
  return {
    options: { complete, level, judgedOnly, depth: depth ?? null },
    runid: run.tag,
    all: Object.fromEntries(all),
    ...(options.perQuery === true ? { queries: new Map(measured.map(({ id }, i) => [id, ofQuery(values[i]!)])) } : {}),
  };
}

/** trec_eval's total of relevant documents over all judged queries (-c) counts grades above 0, whatever the level. */
function positives({ values }: TrecRows): number {
  return values.filter((grade) => grade >= 1).length;
}

function warn(qrels: TrecRows, missing: number, inRun: number, { complete, warnings }: ScoreOptions): void {
  const unjudged = inRun - (qrels.queries.length - missing);
  if (missing > 0)
    warnings?.add(
      "missing-queries",
      complete === true
        ? "judged queries are not in the run and count 0"
        : "judged queries are not in the run and left out; --complete counts them as 0",
      missing,
    );
  if (unjudged > 0) warnings?.add("unjudged-queries", "queries of the run are not judged and left out", unjudged);
  const fractions = qrels.values.filter((grade) => !Number.isInteger(grade)).length;
  if (fractions > 0)
    warnings?.add("fractional-grades", "grades with a fraction are cut to whole numbers, as trec_eval does", fractions);
}
