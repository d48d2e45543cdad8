import { Presets, SingleBar } from "cli-progress";
import type { Progress, ProgressReport } from "../base/progress.js";
import { formatNumber, formatSeconds } from "./format.js";

/** Progress on a stream, and a way to get out of the way of other text. */
export interface ProgressView {
  readonly report: Progress;
  /** Removes the bar from the terminal; the next report draws it again. */
  clear(): void;
  close(): void;
}

/** Seconds between two plain lines of one stage. */
const lineEvery = 5;

/** A bar with rate and time left on a terminal, a plain line every few seconds elsewhere, nothing with `quiet`. */
export function createProgress(
  stream: NodeJS.WriteStream,
  quiet: boolean,
  now = () => performance.now(),
): ProgressView {
  if (quiet) return { report: () => {}, clear: () => {}, close: () => {} };
  const meter = createMeter(now);
  return stream.isTTY ? barView(stream, meter) : lineView(stream, meter, now);
}

/** What is known of a stage: when and where it began, and where it is. Stages may take turns. */
interface Stage {
  readonly since: number;
  readonly from: number;
  last: number;
}

/** Rate and time left in words, and whether a stage begins (for the first time, or again from an earlier point). */
type Meter = (report: ProgressReport) => { readonly fresh: boolean; readonly text: string };

function createMeter(now: () => number): Meter {
  const stages = new Map<string, Stage>();
  return (report) => {
    const known = stages.get(report.stage);
    const fresh = known === undefined || report.done < known.last;
    const stage = fresh ? { since: now(), from: report.done, last: report.done } : known;
    stage.last = report.done;
    stages.set(report.stage, stage);
    const seconds = (now() - stage.since) / 1000;
    const rate = seconds > 0 ? (report.done - stage.from) / seconds : 0;
    const parts: string[] = [];
    if (rate > 0) parts.push(rate >= 1 ? `${formatNumber(rate)}/s` : `${formatNumber(1 / rate)} s each`);
    if (rate > 0 && report.total !== undefined && report.done < report.total) {
      parts.push(`${formatSeconds((report.total - report.done) / rate)} left`);
    }
    if (report.note !== undefined) parts.push(report.note);
    return { fresh, text: parts.join(", ") };
  };
}

function lineView(stream: NodeJS.WriteStream, meter: Meter, now: () => number): ProgressView {
  const announced = new Set<string>();
  let lastLine = Number.NEGATIVE_INFINITY;
  return {
    report: (report) => {
      const { text } = meter(report);
      const finished = report.total !== undefined && report.done >= report.total;
      const due = now() - lastLine >= lineEvery * 1000;
      // The end is told of stages that were long enough to be told of.
      if (finished ? !announced.has(report.stage) : !due) return;
      if (finished) announced.delete(report.stage);
      else announced.add(report.stage);
      lastLine = now();
      const total = report.total === undefined ? "" : `/${report.total}`;
      stream.write(`${report.stage}: ${report.done}${total}${text === "" ? "" : ` (${text})`}\n`);
    },
    clear: () => {},
    close: () => {},
  };
}

function barView(stream: NodeJS.WriteStream, meter: Meter): ProgressView {
  let bar: SingleBar | undefined;
  let shown = "";
  const clear = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    report: (report) => {
      const { fresh, text } = meter(report);
      if (fresh || report.stage !== shown) clear();
      shown = report.stage;
      const payload = { stage: report.stage, text };
      if (bar === undefined) {
        const format = report.total === undefined ? "{stage} {value} {text}" : "{stage} {bar} {value}/{total} {text}";
        bar = new SingleBar(
          { format, stream, barsize: 24, clearOnComplete: true, hideCursor: true, gracefulExit: false },
          Presets.shades_classic,
        );
        bar.start(report.total ?? 0, report.done, payload);
      } else {
        bar.update(report.done, payload);
      }
    },
    clear,
    close: clear,
  };
}
