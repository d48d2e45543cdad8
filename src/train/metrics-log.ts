import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeError, writeFileAtomic } from "../base/files.js";
import type { CollapseAlarm } from "../miners/collapse.js";

/** One line of `RUN/metrics.jsonl`. What differs between equal runs stands under `timing`. */
export type MetricsRecord =
  | (CollapseAlarm & { readonly timing: Readonly<Record<string, never>> })
  | {
      readonly kind: "step";
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly gradientNorm: number;
      readonly telemetry: Readonly<Record<string, number>>;
      readonly timing: { readonly seconds: number };
    }
  | {
      readonly kind: "evaluation";
      readonly step: number;
      readonly split: string;
      readonly measures: Readonly<Record<string, number>>;
      readonly timing: { readonly seconds: number };
    }
  | {
      readonly kind: "refresh";
      readonly step: number;
      readonly round: number;
      readonly queries: number;
      readonly drawn: number;
      readonly rejected: Readonly<Record<string, number>>;
      readonly timing: { readonly seconds: number };
    };

/** The log of a run: appended line by line, cut back to a checkpoint on resume. */
export interface MetricsLog {
  append(record: MetricsRecord): void;
  read(): readonly MetricsRecord[];
}

export function openMetricsLog(path: string): MetricsLog {
  return {
    append(record) {
      try {
        appendFileSync(path, `${JSON.stringify(record)}\n`);
      } catch (error) {
        throw writeError(path, error);
      }
    },
    read: () => (existsSync(path) ? readFileSync(path, "utf8").split("\n").flatMap(parseWhole) : []),
  };
}

/**
 * Removes what a killed run wrote after its last checkpoint, a half line included. At the checkpoint's own step the
 * update and the evaluation are kept, a refresh is not: it comes after the checkpoint and is made again.
 */
export function cutMetricsLog(path: string, step: number): void {
  const kept = openMetricsLog(path)
    .read()
    .filter((record) => record.step < step || (record.step === step && record.kind !== "refresh"));
  writeFileAtomic(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

function parseWhole(line: string): MetricsRecord[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line) as MetricsRecord];
  } catch {
    // Only the last line of a killed run can be half a record.
    return [];
  }
}
