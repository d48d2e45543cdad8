import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeReport } from "#nearmiss/report/report.js";
import { documentText, writeSyntheticRun } from "./synthetic-run.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function reportOf(name: string, change: (run: string) => void = () => {}): Promise<string> {
  const run = join(folder, name);
  writeSyntheticRun(run);
  change(run);
  return readFileSync(await writeReport(run, { textOf: documentText }), "utf8");
}

/** The chart data embedded under an id. */
function chart(
  page: string,
  id: string,
): { x: number[]; series: { label: string; values: number[] }[]; marks?: number[] } {
  return JSON.parse(new RegExp(`id="${id}">(.*?)</script>`).exec(page)?.[1] ?? "null");
}

test("the report shows result, tests, curves, negatives, examples, warnings and options", async () => {
  const page = await reportOf("whole");
  expect(page).toContain("Better than BM25 by 0.099 nDCG@10 (p\u00a0&lt;\u00a00.001).");
  expect(page).toContain("[0.637, 0.673]");
  expect(page).toContain("840 / 760 / 400");
  expect(page).toContain("rejected by perc-pos");
  expect(page).toContain("model #1");
  expect(page).toContain("BM25 not found");
  expect(page).toContain("3 pools held fewer candidates");
  expect(page).toContain("samplerParams.a");
  expect(page).not.toContain("Not shown");
  expect(page.split("<script>")[0]).not.toMatch(/undefined|NaN|\[object/);
});

test("charts hold the recorded values and the refresh marks", async () => {
  const page = await reportOf("charts");
  const loss = chart(page, "chart-loss");
  expect(loss.x).toHaveLength(300);
  expect(loss.marks).toEqual([150, 225]);
  expect(chart(page, "chart-evaluation").x.slice(0, 3)).toEqual([25, 50, 75]);
  for (const { values } of chart(page, "chart-scores").series) {
    expect(values.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  }
  const probability = chart(page, "chart-profile").series.find(({ label }) => label === "probability")?.values ?? [];
  expect(probability).toHaveLength(100);
  expect(probability.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
});

test("the page names no address to load from, and forbids itself to", async () => {
  const page = await reportOf("offline");
  expect(page).not.toMatch(/(src|href)=/);
  expect(page).not.toMatch(/@import|url\(/);
  expect(page).toContain("default-src 'none'");
});

test("text from the data is escaped, also inside scripts", async () => {
  const attack = `<script>alert("x")</script>`;
  const page = await reportOf("attack", (run) => {
    const file = join(run, "evaluation.json");
    const evaluation = JSON.parse(readFileSync(file, "utf8"));
    evaluation.examples.won[0].query.text = attack;
    evaluation.result.systems[1].name = attack;
    writeFileSync(file, JSON.stringify(evaluation));
    writeFileSync(
      join(run, "metrics.jsonl"),
      `${JSON.stringify({ kind: "step", step: 1, loss: 1, learningRate: 1 })}\n`,
    );
    appendFileSync(
      join(run, "metrics.jsonl"),
      `${JSON.stringify({ kind: "evaluation", step: 1, split: attack, measures: { [attack]: 1 } })}\n`,
    );
  });
  expect(page).not.toContain(attack);
  expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
  expect(page.match(/<script/g)?.length).toBe(page.match(/<\/script>/g)?.length);
});

test.each([
  ["manifest.json", "There is no manifest.json."],
  ["config.json", "There is no config.json."],
  ["metrics.jsonl", "No training steps are recorded."],
  ["evaluation.json", "This run has not been evaluated yet."],
  ["negatives", "No negatives were drawn from the corpus"],
])("without %s the page says so", async (name, sentence) => {
  const page = await reportOf(`without-${name}`, (run) => rmSync(join(run, name), { recursive: true }));
  expect(page).toContain(sentence);
  expect(page.split("<script>")[0]).not.toMatch(/undefined|NaN|\[object/);
});

test("damaged parts are left out and named", async () => {
  const page = await reportOf("damaged", (run) => {
    writeFileSync(join(run, "config.json"), "{");
    appendFileSync(join(run, "metrics.jsonl"), `{"kind":"st`);
    writeFileSync(join(run, "negatives/round-0001.jsonl.gz"), "not gzip");
    writeFileSync(join(run, "evaluation.json"), `{"result":{"data":{}}}`);
  });
  expect(page).toContain("config.json cannot be read");
  expect(page).toContain("1 line of metrics.jsonl cannot be read.");
  expect(page).toContain("negatives/round-0001.jsonl.gz cannot be read");
  expect(page).toContain("evaluation.json cannot be read: result.data.fingerprint");
  expect(page).toContain("Scores in round 0");
});

test("an empty folder still gives a page, and equal runs give equal pages", async () => {
  expect(readFileSync(await writeReport(mkdtempSync(join(folder, "empty-"))), "utf8")).toContain("Not shown");
  expect(await reportOf("same")).toBe(await reportOf("same"));
});
