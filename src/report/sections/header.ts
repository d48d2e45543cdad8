import { basename } from "node:path";
import type { EvaluationResult } from "../../evaluate/systems.js";
import { count, decimals, measureName, pPhrase, signed, systemName } from "../figures.js";
import { type Html, html } from "../html.js";
import type { RunRecord } from "../read-run.js";
import { verdict } from "./comparison.js";

/** What was trained, on what, and the one result that matters, in a few tiles. */
export function headerSection(run: RunRecord, main: string): Html {
  const result = run.evaluation?.result;
  const model = result?.systems[0];
  const own = model?.measures[main];
  const versus = result?.comparisons.filter(({ a, measure }) => a === model?.name && measure === main) ?? [];
  const steps = run.metrics.filter(({ kind }) => kind === "step").at(-1)?.step;
  const tiles = [
    own === undefined || result === undefined
      ? null
      : tile(
          `${measureName(main)} on ${result.data.split}`,
          decimals(own.mean),
          `95 %: ${decimals(own.low)} to ${decimals(own.high)}`,
        ),
    ...versus.map((one) => tile(`against ${systemName(one.b)}`, signed(one.difference), pPhrase(one.p))),
    steps === undefined
      ? null
      : tile(
          "training",
          `${count(steps)} steps`,
          [optionsLine(run), best(run)].filter((part) => part !== "").join("; "),
        ),
    result === undefined ? null : tile("test bed", ...bedOf(result.data)),
  ];
  const bm25 = versus.find(({ b }) => b === "bm25");
  return html`<header>
<div class="top"><span><b>nearmiss</b> report</span><button type="button" id="theme">Dark</button></div>
<h1>${run.name}</h1>
<p class="lead">${trainedOn(run)} ${bm25 === undefined ? "" : verdict(bm25)}</p>
<div class="tiles">${tiles}</div>
<p class="note">${[
    said("Model", shortFingerprint(run.origin.model)),
    said("Data", shortFingerprint(run.origin.data)),
    said("Version", run.origin.version),
    said("Seed", run.origin.seed),
    said("Finished", run.origin.date),
  ]}</p>
</header>`;
}

function tile(label: string, value: string, below: string): Html {
  return html`<div class="tile"><div class="label">${label}</div><div class="value">${value}</div><div class="below">${below}</div></div>`;
}

function bedOf({ kind, queries, documents, split }: EvaluationResult["data"]): [string, string] {
  if (kind === "scored") return [`${count(queries)} pairs`, `the ${split} split`];
  if (kind === "texts") return [`${count(queries)} texts`, "held out; some of their tokens are masked"];
  if (kind === "labelled") return [`${count(queries)} items`, `each against ${count(documents - 1)} others`];
  return [`${count(queries)} queries`, `${count(documents)} documents`];
}

function trainedOn({ config }: RunRecord): string {
  const model = config?.["model"];
  const data = config?.["data"];
  if (typeof model !== "string" || typeof data !== "string") return "";
  const what =
    new Map([
      ["static", "A static model trained from nothing"],
      ["cross-encoder", "A cross-encoder, trained"],
      ["bert", "A transformer trained from nothing"],
      ["mlp", "A network trained from nothing"],
      ["linear", "A linear map of given vectors"],
      ["residual", "A residual network on given vectors"],
    ]).get(model) ?? `${basename(model)}, fine-tuned,`;
  return `${what} on ${basename(data)}.`;
}

function optionsLine({ config }: RunRecord): string {
  const parts = [config?.["loss"], config?.["miner"] ?? config?.["mine"] ?? config?.["sampler"]].filter(
    (part) => typeof part === "string",
  );
  if (typeof config?.["batchSize"] === "number") parts.push(`batch ${config["batchSize"]}`);
  return parts.join(", ");
}

/** Enough of a fingerprint to tell runs apart; the manifest below has all of it. */
function shortFingerprint(fingerprint: string | null): string | null {
  return fingerprint === null ? null : fingerprint.slice(0, "sha256:".length + 12);
}

function best({ origin }: RunRecord): string {
  return origin.bestStep === null ? "" : `best at ${origin.bestStep}`;
}

function said(label: string, value: string | null): Html | null {
  return value === null ? null : html`${label}: <code>${value}</code> &nbsp; `;
}
