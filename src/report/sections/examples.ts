import { clip } from "../clip.js";
import { signed } from "../figures.js";
import { type Html, html } from "../html.js";
import type { EvaluationFile, Example } from "../records.js";

/** Queries where the model gained and lost most against BM25. */
export function examplesSection(examples: EvaluationFile["examples"]): Html {
  if (examples === undefined) return html`<h2>Won and lost</h2><p>No examples against BM25 are recorded.</p>`;
  return html`<h2>Won and lost against BM25</h2>
<div class="pair"><div class="card"><h3>Most gained</h3>${list(examples.won, "win")}</div><div class="card"><h3>Most lost</h3>${list(examples.lost, "loss")}</div></div>`;
}

const shownAtOnce = 4;

function list(examples: readonly Example[], tone: "win" | "loss"): Html {
  if (examples.length === 0) return html`<p class="muted">None.</p>`;
  const first = examples.slice(0, shownAtOnce).map((one) => card(one, tone));
  const more = examples.slice(shownAtOnce).map((one) => card(one, tone));
  return html`${first}${more.length === 0 ? null : html`<details><summary>${more.length} more</summary>${more}</details>`}`;
}

function card({ query, relevant, ranks, top, delta }: Example, tone: "win" | "loss"): Html {
  const expected = relevant[0];
  return html`<div class="example"><div class="query">${clip(query.text, 240)}</div>
<dl><dt>expected</dt><dd>${expected === undefined ? "–" : clip(expected.text, 240)}</dd>
<dt>rank</dt><dd><span class="chip ${tone}">model ${place(ranks.model)}</span> <span class="chip">BM25 ${place(ranks.bm25)}</span> <span class="chip">${signed(delta)}</span></dd>
<dt>model first</dt><dd>${hit(top.model, relevant)}</dd>
<dt>BM25 first</dt><dd>${hit(top.bm25, relevant)}</dd></dl></div>`;
}

function place(rank: number | null | undefined): string {
  return rank === null || rank === undefined ? "not found" : `#${rank}`;
}

function hit(found: Example["top"]["model"], relevant: Example["relevant"]): Html {
  if (found === null || found === undefined) return html`<span class="muted">nothing</span>`;
  if (relevant.some(({ id }) => id === found.id)) return html`<span class="muted">the expected document</span>`;
  return html`${clip(found.text, 240)}`;
}
