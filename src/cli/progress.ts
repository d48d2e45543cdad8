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

/** The rate and the time left of the current stage, in words. */
type Meter = (report: ProgressReport) => { readonly fresh: boolean; readonly text: string };

function createMeter(now: () => number): Meter {
  let stage: string | undefined;
  let since = 0;
  let from = 0;
  return (report) => {
    const fresh = report.stage !== stage || report.done < from;
    if (fresh) {
      stage = report.stage;
      since = now();
      from = report.done;
    }
    const seconds = (now() - since) / 1000;
    const rate = seconds > 0 ? (report.done - from) / seconds : 0;
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
  let lastLine = 0;
  return {
    report: (report) => {
      const { fresh, text } = meter(report);
      const finished = report.total !== undefined && report.done >= report.total;
      if (!fresh && !finished && now() - lastLine < lineEvery * 1000) return;
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
  const clear = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    report: (report) => {
      const { fresh, text } = meter(report);
      if (fresh) clear();
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
