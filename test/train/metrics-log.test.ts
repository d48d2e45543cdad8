import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cutMetricsLog, type MetricsRecord, openMetricsLog } from "#nearmiss/train/metrics-log.js";
import { emptyFolder } from "./small.js";

const step = (n: number): MetricsRecord => ({
  kind: "step",
  step: n,
  epoch: 0,
  loss: 1 / 3 + n,
  learningRate: 0.1,
  gradientNorm: 1e-7,
  telemetry: { inBatchTop1: 0.1 + 0.2 },
  timing: { seconds: 0.1 },
});
const evaluation = (n: number): MetricsRecord => ({
  kind: "evaluation",
  step: n,
  split: "dev",
  measures: { "ndcg@10": 0.7 },
  timing: { seconds: 1 },
});
const refresh = (n: number): MetricsRecord => ({
  kind: "refresh",
  step: n,
  round: 0,
  queries: 1,
  drawn: 2,
  rejected: {},
  timing: { seconds: 1 },
});

test("a log is cut back to its checkpoint: its own update and evaluation stay, its refresh does not", () => {
  const path = join(emptyFolder(), "metrics.jsonl");
  const log = openMetricsLog(path);
  const records = [evaluation(0), step(1), refresh(1), step(2), evaluation(2), refresh(2), step(3)];
  for (const record of records) log.append(record);
  cutMetricsLog(path, 2);
  expect(log.read()).toEqual(records.slice(0, 5));
  expect(readFileSync(path, "utf8")).toBe(
    records
      .slice(0, 5)
      .map((record) => `${JSON.stringify(record)}\n`)
      .join(""),
  );
  cutMetricsLog(path, 0);
  expect(log.read()).toEqual([evaluation(0)]);
});

test("half a line at the end is cut off", () => {
  const path = join(emptyFolder(), "metrics.jsonl");
  const log = openMetricsLog(path);
  log.append(step(1));
  appendFileSync(path, '{"kind":"step","step":2,"lo');
  expect(log.read()).toEqual([step(1)]);
  cutMetricsLog(path, 1);
  log.append(step(2));
  expect(log.read()).toEqual([step(1), step(2)]);
});

test("a log that is not there is empty", () => {
  const path = join(emptyFolder(), "metrics.jsonl");
  expect(openMetricsLog(path).read()).toEqual([]);
  cutMetricsLog(path, 3);
  expect(readFileSync(path, "utf8")).toBe("");
});
