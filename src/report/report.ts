import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { client } from "./client.js";
import { type Html, html, trusted } from "./html.js";
import { type RunRecord, readRun } from "./read-run.js";
import { comparisonSection } from "./sections/comparison.js";
import { configurationSection, warningsSection } from "./sections/configuration.js";
import { examplesSection } from "./sections/examples.js";
import { headerSection } from "./sections/header.js";
import { type DocumentText, negativesSection } from "./sections/negatives.js";
import { trainingSection } from "./sections/training.js";
import { tripletsSection } from "./sections/triplets.js";
import { style } from "./style.js";

export interface ReportOptions {
  /** Text of a document by its id: pools hold ids alone. Absent: ids are shown. */
  readonly textOf?: DocumentText;
}

/**
 * Writes `RUN/report.html` from what the run folder holds and returns its path. The page is one file that needs no
 * network; a part that is missing or damaged is left out with a sentence. Throws only where the file cannot be written.
 */
export async function writeReport(runFolder: string, options: ReportOptions = {}): Promise<string> {
  const path = join(runFolder, "report.html");
  writeFileAtomic(path, renderReport(await readRun(runFolder), options));
  return path;
}

/** The page of a run. */
export function renderReport(run: RunRecord, { textOf = () => undefined }: ReportOptions = {}): string {
  const main = mainMeasure(run);
  const body = html`<main>
${headerSection(run, main)}
${comparisonSection(run.evaluation?.result ?? null, main)}
${trainingSection(run.metrics, main)}
${tripletsSection(run.metrics)}
${
  ofRetrieval(run)
    ? html`${negativesSection(run.rounds, run.evaluation?.scores, textOf)}
${examplesSection(run.evaluation?.examples)}`
    : null
}
${warningsSection(run.warnings)}
${configurationSection(run.config, run.manifest)}
${run.missing.length === 0 ? null : html`<h2>Not shown</h2><ul class="plain">${run.missing.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
<footer>Written by nearmiss. This page is one file and loads nothing from the network.</footer>
</main>`;
  return page(`nearmiss: ${run.name}`, body);
}

/** Labelled items and scored pairs have neither pools nor queries. */
function ofRetrieval({ manifest, evaluation }: RunRecord): boolean {
  const kind = (manifest?.["data"] as { readonly kind?: unknown } | undefined)?.kind;
  return evaluation?.result.data.kind === undefined && (kind === undefined || kind === "retrieval");
}

/** The measure that chose the best step, where the final evaluation has it; else its first. */
function mainMeasure({ config, evaluation }: RunRecord): string {
  const chosen = config?.["metric"];
  const measures = evaluation?.result.systems[0]?.measures;
  if (measures === undefined) return typeof chosen === "string" ? chosen : "ndcg@10";
  return typeof chosen === "string" && chosen in measures ? chosen : (Object.keys(measures)[0] ?? "ndcg@10");
}

function page(title: string, body: Html): string {
  const plots = dirname(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"));
  const library = (name: string): Html => trusted(readFileSync(join(plots, name), "utf8"));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${library("uPlot.min.css")}${trusted(style)}</style>
</head>
<body>
${body}
<script>${library("uPlot.iife.min.js")}</script>
<script>${trusted(client)}</script>
</body>
</html>
`.markup;
}
