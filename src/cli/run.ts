import type { Dataset } from "../base/types.js";
import { type CountedWarning, collectWarnings, type Warnings } from "../base/warnings.js";
import { describeData } from "../data/describe.js";
import { describeError, interrupted } from "./failure.js";
import { createProgress, type ProgressView } from "./progress.js";
import { version } from "./version.js";

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly seed: number;
  readonly threads?: number;
  readonly cache: string;
}

/** What a command works with besides its own options. */
export interface Context {
  readonly seed: number;
  readonly threads: number | undefined;
  readonly cache: string;
  readonly quiet: boolean;
  readonly json: boolean;
  /** Aborted by Ctrl-C; the library leaves a checkpoint and throws the signal's reason. */
  readonly signal: AbortSignal;
  readonly progress: ProgressView["report"];
  readonly warnings: Warnings;
  /** A line of the result itself on stdout, for a command that streams it. */
  print(line: string): void;
  /** Text for people while the work goes on; never on stdout with `--json`. */
  say(text: string): void;
  /** Says what the data were recognised as, on stderr. */
  recognised(data: Dataset): void;
}

/** What a command hands back. */
export interface Outcome {
  /** `result` of the JSON envelope; equal for equal runs. */
  readonly result: unknown;
  /** The same for people. */
  readonly text?: string;
  /** Whatever differs between two equal runs, beside the seconds that are measured here. */
  readonly timing?: Readonly<Record<string, unknown>>;
  /** The seed in force, where it is not that of the options. */
  readonly seed?: number;
  /** A finished check that found something wrong (doctor) is not an error of the command. */
  readonly exitCode?: 1;
}

/** What Ctrl-C does: the work leaves a checkpoint and throws, or there is nothing to keep and the process ends at once. */
export type OnInterrupt = "leaves-checkpoint" | "ends";

export type Action = (context: Context) => Promise<Outcome>;

/** Where a command's output goes; tests and `bin.ts` use the process's own. */
export interface Streams {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

/** Runs a command's action in its envelope and returns the exit code. Never throws. */
export async function runAction(
  command: string,
  options: CommonOptions,
  action: Action,
  onInterrupt: OnInterrupt,
  streams: Streams,
): Promise<number> {
  const json = options.json === true;
  const quiet = options.quiet === true;
  const people = json ? streams.err : streams.out;
  const progress = createProgress(streams.err, quiet);
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    progress.clear();
    stream.write(`${text}\n`);
  };
  const warnings = collectWarnings((warning) => {
    if (!quiet) write(streams.err, `warning: ${warning.message}`);
  });
  const started = performance.now();
  const interruption = listenForInterruption(() => {
    progress.close();
    if (onInterrupt === "ends") process.exit(reportFailure(command, interrupted(), json, streams));
    streams.err.write("Stopping after a checkpoint. Press Ctrl-C again to stop at once.\n");
  });
  try {
    const outcome = await action({
      seed: options.seed,
      threads: options.threads,
      cache: options.cache,
      quiet,
      json,
      signal: interruption.signal,
      progress: progress.report,
      warnings,
      print: (line) => write(streams.out, line),
      say: (text) => {
        if (!quiet) write(people, text);
      },
      recognised: (data) => {
        if (!quiet) write(streams.err, describeData(data));
      },
    });
    progress.close();
    const timing = { seconds: (performance.now() - started) / 1000, ...outcome.timing };
    const listed = warnings.list();
    if (outcome.text !== undefined && !(json && quiet)) write(people, outcome.text);
    if (!quiet) for (const line of repeated(listed)) write(streams.err, line);
    if (json) {
      const { result } = outcome;
      write(
        streams.out,
        JSON.stringify({
          command,
          version: version(),
          seed: outcome.seed ?? options.seed,
          warnings: listed,
          result,
          timing,
        }),
      );
    }
    return outcome.exitCode ?? 0;
  } catch (error) {
    progress.close();
    return reportFailure(command, error, json, streams);
  } finally {
    progress.close();
    interruption.close();
  }
}

/** Prints a failure as `{command, error}` and in words, and returns its exit code. */
export function reportFailure(command: string, error: unknown, json: boolean, streams: Streams): number {
  const failure = describeError(error);
  if (json) streams.out.write(`${JSON.stringify({ command, error: failure.error })}\n`);
  streams.err.write(`${failure.text}\n`);
  return failure.exitCode;
}

function repeated(warnings: readonly CountedWarning[]): string[] {
  return warnings.filter(({ count }) => count > 1).map(({ code, count }) => `warning: ${code}: ${count} times`);
}

/** The first Ctrl-C (or SIGTERM) aborts the signal, the second ends the process at once. */
function listenForInterruption(onFirst: () => void): { signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort(interrupted());
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    close: () => {
      for (const name of names) process.off(name, listener);
    },
  };
}
