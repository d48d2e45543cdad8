import type { Comparison, EvaluationResult, SystemResult } from "../../evaluate/systems.js";
import { count, decimals, measureName, pPhrase, pValue, signed, systemName, testBed } from "../figures.js";
import { type Html, html } from "../html.js";

/** The systems side by side: a chart of intervals of the main measure, all measures, and the tests against the model. */
export function comparisonSection(result: EvaluationResult | null, main: string): Html {
  if (result === null) return html`<h2>Comparison</h2><p>This run has not been evaluated yet.</p>`;
  return html`<h2>Comparison</h2>
<p class="muted">${testBed(result.data)}. In brackets: 95 % intervals.</p>
${forest(result.systems, main)}
<div class="card scroll">${measuresTable(result.systems)}</div>
<h3>Against the model</h3>
${comparisonsTable(result.comparisons, main)}`;
}

/** Mean and interval of each system on one axis. */
function forest(systems: readonly SystemResult[], main: string): Html | null {
  const rows = systems.flatMap((system, i) => {
    const value = system.measures[main];
    return value === undefined ? [] : [{ name: systemName(system.name), own: i === 0, ...value }];
  });
  if (rows.length === 0) return null;
  const { from, to, ticks } = axis(Math.min(...rows.map(({ low }) => low)), Math.max(...rows.map(({ high }) => high)));
  const at = (value: number): string => ((100 * (value - from)) / (to - from)).toFixed(2);
  const grid = ticks.map((tick) => html`<i class="grid" style="left:${at(tick)}%"></i>`);
  return html`<div class="card forest"><div class="row muted"><span>${measureName(main)}</span></div>
${rows.map(
  ({
    name,
    own,
    mean,
    low,
    high,
  }) => html`<div class="row ${own ? "own" : "other"}"><span class="name">${name}</span><span class="track">${grid}
<i class="ci" style="left:${at(low)}%;right:calc(100% - ${at(high)}%)"></i><i class="dot" style="left:${at(mean)}%"></i></span><span>${decimals(mean)}</span></div>`,
)}
<div class="row axis"><span></span><span class="track">${ticks.map((tick) => html`<i style="left:${at(tick)}%">${decimals(tick, 2)}</i>`)}</span><span></span></div></div>`;
}

/** A round axis around low … high with five or so ticks. */
function axis(low: number, high: number): { from: number; to: number; ticks: readonly number[] } {
  const raw = (high - low || 0.1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = (([1, 2, 5].find((factor) => factor * power >= raw) ?? 10) as number) * power;
  const first = Math.floor((low - step / 5) / step);
  const last = Math.ceil((high + step / 5) / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { from: first * step, to: last * step, ticks };
}

function measuresTable(systems: readonly SystemResult[]): Html {
  const names = [...new Set(systems.flatMap(({ measures }) => Object.keys(measures)))];
  const best = new Map(
    names.map((name) => [name, Math.max(...systems.map((s) => s.measures[name]?.mean ?? -Infinity))]),
  );
  return html`<table><thead><tr><th class="first">system</th>${names.map((name) => html`<th class="n">${measureName(name)}</th>`)}</tr></thead>
<tbody>${systems.map(
    (system, i) => html`<tr class="${i === 0 ? "own" : "other"}"><td class="first">${systemName(system.name)}</td>
${names.map((name) => {
  const value = system.measures[name];
  if (value === undefined) return html`<td class="n">–</td>`;
  const mark = value.mean === best.get(name) ? "best" : "rest";
  return html`<td class="n"><span class="${mark}">${decimals(value.mean)}</span><span class="range">[${decimals(value.low)}, ${decimals(value.high)}]</span></td>`;
})}</tr>`,
  )}</tbody></table>`;
}

/** The main measure's tests; those of the other measures fold away. */
function comparisonsTable(comparisons: readonly Comparison[], main: string): Html {
  if (comparisons.length === 0) return html`<p>Nothing was compared with the model.</p>`;
  const first = comparisons.filter(({ measure }) => measure === main);
  const others = comparisons.filter(({ measure }) => measure !== main);
  return html`${first.length === 0 ? null : html`<div class="card scroll">${testsTable(first)}</div>`}
${others.length === 0 ? null : html`<details><summary>The same for the other measures</summary><div class="scroll">${testsTable(others)}</div></details>`}
<p class="note">Difference: the model's mean less the other's. p: paired randomisation test, two-sided. Wins are queries, items or pairs on which the model is better.</p>`;
}

function testsTable(comparisons: readonly Comparison[]): Html {
  return html`<table><thead><tr><th>against</th><th>measure</th><th class="n">difference</th><th class="n">p</th><th class="n">wins / ties / losses</th><th></th></tr></thead>
<tbody>${comparisons.map((one) => {
    const tone = one.p >= 0.05 ? "muted" : one.difference > 0 ? "good" : "bad";
    return html`<tr><td>${systemName(one.b)}</td><td>${measureName(one.measure)}</td>
<td class="n"><span class="${tone}">${signed(one.difference)}</span><span class="range">[${signed(one.low)}, ${signed(one.high)}]</span></td>
<td class="n">${pValue(one.p)}</td><td class="n">${count(one.wins)} / ${count(one.ties)} / ${count(one.losses)}</td><td>${balance(one)}</td></tr>`;
  })}</tbody></table>`;
}

function balance({ wins, ties, losses }: Comparison): Html {
  const share = (n: number): string => ((100 * n) / Math.max(1, wins + ties + losses)).toFixed(2);
  return html`<div class="balance" aria-hidden="true"><i class="w" style="width:${share(wins)}%"></i><i class="t" style="width:${share(ties)}%"></i><i class="l" style="width:${share(losses)}%"></i></div>`;
}

/** What the comparison with one baseline shows, as a sentence. */
export function verdict(comparison: Comparison): string {
  const { difference, p, b, measure } = comparison;
  const other = systemName(b);
  if (p >= 0.05)
    return `No difference from ${other} in ${measureName(measure)} is shown (${signed(difference)}, ${pPhrase(p)}).`;
  const word = difference > 0 ? "Better" : "Worse";
  return `${word} than ${other} by ${decimals(Math.abs(difference))} ${measureName(measure)} (${pPhrase(p)}).`;
}
