import { figure, histogram } from "../charts.js";
import { clip } from "../clip.js";
import { count, decimals } from "../figures.js";
import { type Html, html } from "../html.js";
import type { EvaluationFile, PoolRecord } from "../records.js";
import type { RoundSummary } from "../rounds.js";

/** Text of a document, where it is known. */
export type DocumentText = (id: string) => string | undefined;

/** Score histograms, what filters rejected, the sampler's profile by rank, and the pools of a few queries. */
export function negativesSection(
  rounds: readonly RoundSummary[],
  scores: EvaluationFile["scores"],
  textOf: DocumentText,
): Html {
  const last = rounds.at(-1);
  const figures = [
    last === undefined ? null : scoresOfRound(last),
    finalScores(scores),
    last === undefined ? null : profile(last),
  ];
  return html`<h2>Negatives</h2>
${last === undefined ? html`<p>No negatives were drawn from the corpus: the other documents of the batch served.</p>` : null}
<div class="charts">${figures}</div>
${
  last === undefined
    ? null
    : html`<h3>What each round drew and rejected</h3><div class="card scroll">${roundsTable(rounds)}</div>
<h3>Pools of a few queries</h3>${last.examples.map((pool, i) => poolDetails(pool, textOf, i === 0))}`
}`;
}

function scoresOfRound(round: RoundSummary): Html {
  return scoreFigure(
    "chart-scores",
    `Scores in ${roundName(round.name)}`,
    round.positiveScores,
    round.negativeScores,
    "negatives drawn",
    `${similarityName(round.similarity)} by the model that chose them; bars are shares of each group. The overlap is where a negative may be a positive that nobody labelled.`,
  );
}

function finalScores(scores: EvaluationFile["scores"]): Html | null {
  if (scores === undefined || scores.positive.length + scores.negative.length === 0) return null;
  const note = "By the trained model. The further apart the two, the better it tells them apart.";
  return scoreFigure("chart-final", "Scores after training", scores.positive, scores.negative, "negatives", note);
}

function scoreFigure(
  id: string,
  title: string,
  positive: readonly number[],
  negative: readonly number[],
  negativeLabel: string,
  note: string,
): Html {
  const { x, shares } = histogram([positive, negative]);
  const series = [
    { label: "positives", values: shares[0] ?? [], colour: 1 as const },
    { label: negativeLabel, values: shares[1] ?? [], colour: 2 as const },
  ];
  return figure(id, title, { kind: "bars", x, xLabel: "score", series, fromZero: true }, note);
}

function profile(round: RoundSummary): Html {
  const ranks = round.probabilityByRank.map((_, i) => i + 1);
  const total = round.drawnByRank.reduce((sum, value) => sum + value, 0);
  return figure(
    "chart-profile",
    "Probability of a draw by rank",
    {
      kind: "lines",
      x: ranks,
      xLabel: "rank in the pool",
      series: [
        {
          label: "drawn",
          values: round.drawnByRank.map((value) => (total > 0 ? value / total : 0)),
          colour: 3,
          width: 1,
        },
        { label: "probability", values: round.probabilityByRank, colour: 1 },
      ],
      fromZero: true,
    },
    "Mean over the queries; rejected candidates have none. Grey: share of the draws in this round.",
  );
}

function roundsTable(rounds: readonly RoundSummary[]): Html {
  const filters = [...new Set(rounds.flatMap(({ rejected }) => [...rejected.keys()]))].sort();
  const mean = (values: readonly number[]): string =>
    values.length === 0 ? "–" : decimals(values.reduce((sum, value) => sum + value, 0) / values.length);
  return html`<table><thead><tr><th>round</th><th class="n">queries</th><th class="n">candidates</th><th class="n">drawn</th>
${filters.map((name) => html`<th class="n">rejected by ${name}</th>`)}<th class="n">mean positive</th><th class="n">mean negative</th></tr></thead>
<tbody>${rounds.map(
    (
      round,
    ) => html`<tr><td class="round">${roundName(round.name)}</td><td class="n">${count(round.queries)}</td><td class="n">${count(round.candidates)}</td><td class="n">${count(round.drawn)}</td>
${filters.map((name) => html`<td class="n">${count(round.rejected.get(name) ?? 0)}</td>`)}<td class="n">${mean(round.positiveScores)}</td><td class="n">${mean(round.negativeScores)}</td></tr>`,
  )}</tbody></table>`;
}

const shownRanks = 6;
const shownCandidates = 14;

function poolDetails(pool: PoolRecord, textOf: DocumentText, open: boolean): Html {
  const telling = pool.candidates.filter(({ drawn, rejected, rank }) => drawn > 0 || rejected || rank <= shownRanks);
  const shown = telling.slice(0, shownCandidates);
  const positives = pool.positives.map(
    ({
      id,
      score,
      rank,
    }) => html`<tr class="own"><td class="n">${rank ?? "–"}</td><td class="n">${decimals(score)}</td><td class="n"></td>
<td class="text">${document(id, textOf)} <span class="chip">positive</span></td></tr>`,
  );
  const rows = shown.map(
    (
      one,
    ) => html`<tr class="${one.rejected ? "out" : "in"}"><td class="n">${one.rank}</td><td class="n">${decimals(one.score)}</td><td class="n">${one.rejected ? "" : decimals(one.probability)}</td>
<td class="text">${document(one.id, textOf)}${fate(one)}</td></tr>`,
  );
  const body = html`<summary>${clip(pool.query.text, 160)}</summary>
<div class="scroll"><table><thead><tr><th class="n">rank</th><th class="n">score</th><th class="n">probability</th><th>document</th></tr></thead><tbody>${positives}${rows}</tbody></table></div>
<p class="note">${count(shown.length)} of ${count(pool.candidates.length)} candidates: the first ${shownRanks}, those drawn and those rejected.</p>`;
  return open ? html`<details open>${body}</details>` : html`<details>${body}</details>`;
}

/** What became of a candidate: drawn, rejected and why, or nothing. */
function fate({ drawn, rejected }: PoolRecord["candidates"][number]): Html | null {
  if (drawn > 0) return html` <span class="chip draw">drawn${drawn > 1 ? ` ×${drawn}` : ""}</span>`;
  if (!rejected) return null;
  const { filter, value, threshold } = rejected;
  const why = value === null || threshold === null ? "" : `: ${decimals(value)} against ${decimals(threshold)}`;
  return html`<span class="range">rejected by ${filter}${why}</span>`;
}

function document(id: string, textOf: DocumentText): Html {
  const text = textOf(id);
  return text === undefined ? html`<code>${id}</code>` : html`${clip(text, 220)}`;
}

function similarityName(similarity: string): string {
  return similarity === "cosine" ? "Cosine" : similarity === "dot" ? "Dot product" : similarity.toUpperCase();
}

/** `round-0003.jsonl.gz` → `round 3`. */
function roundName(file: string): string {
  return `round ${Number(/\d+/.exec(file)?.[0] ?? 0)}`;
}
