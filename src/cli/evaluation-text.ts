import type { EvaluationResult } from "../evaluate/systems.js";
import type { Evaluated, SystemUsage } from "../front/evaluate-options.js";
import { count, decimals, interval, measureName, pValue, signed, systemName } from "../report/figures.js";
import { formatNumber } from "./format.js";
import { table } from "./table.js";

/** An evaluation for the terminal: the first measure with its intervals and tests, the others as means, and what was asked of servers. */
export function evaluationText({ data, systems, comparisons, usage = [] }: Evaluated): string {
  const names = [...new Set(systems.flatMap(({ measures }) => Object.keys(measures)))];
  const main = names[0] ?? "";
  const paid = [
    { title: "requests", of: ({ requests }: SystemUsage) => count(requests) },
    { title: "tokens", of: ({ tokens }: SystemUsage) => count(tokens) },
    { title: "cost", of: ({ cost }: SystemUsage) => (cost === undefined ? "–" : formatNumber(cost)) },
  ].filter(({ title }) => usage.some(({ cost }) => title !== "cost" || cost !== undefined));
  const measured = table(
    [
      { title: "system" },
      ...names.map((name) => ({
        title: measureName(name),
        align: name === main ? ("left" as const) : ("right" as const),
      })),
      ...paid.map(({ title }) => ({ title, align: "right" as const })),
    ],
    systems.map(({ name, measures }) => [
      systemName(name),
      ...names.map((measure) => {
        const value = measures[measure];
        return value === undefined ? "–" : measure === main ? interval(value) : decimals(value.mean);
      }),
      ...paid.map(({ of }) => {
        const own = usage.find((one) => one.name === name);
        return own === undefined ? "–" : of(own);
      }),
    ]),
  );
  const tests = comparisons.filter(({ measure }) => measure === main);
  const several = tests.some(({ adjusted }) => adjusted !== undefined);
  const compared = table(
    [
      { title: "against" },
      { title: `difference in ${measureName(main)}` },
      { title: "p" },
      ...(several ? [{ title: "p (Holm)" }] : []),
      { title: "wins / ties / losses" },
    ],
    tests.map((one) => [
      systemName(one.b),
      `${signed(one.difference)} [${signed(one.low)}, ${signed(one.high)}]`,
      pValue(one.p),
      ...(one.adjusted === undefined ? [] : [pValue(one.adjusted.holm)]),
      `${count(one.wins)} / ${count(one.ties)} / ${count(one.losses)}`,
    ]),
  );
  return [
    `${data.split}: ${measuredOn(data)}; in brackets: 95 %`,
    "",
    measured,
    ...(tests.length === 0 ? [] : ["", compared]),
  ].join("\n");
}

function measuredOn({ kind, queries, documents, lone = 0 }: EvaluationResult["data"]): string {
  if (kind === "scored") return `${count(queries)} pairs of ${count(documents)} texts`;
  if (kind === "texts") return `masked tokens of ${count(queries)} texts`;
  if (kind === undefined) return `${count(queries)} queries, ${count(documents)} documents`;
  return `${count(queries)} items, each against ${count(documents - 1)} others${lone > 0 ? `; ${count(lone)} whose label nobody shares left out` : ""}`;
}
