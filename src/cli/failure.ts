import { CommanderError } from "commander";
import { type ErrorDetail, NearmissError, workError } from "../base/errors.js";

/** The reason of a signal that Ctrl-C aborted; the library may throw one of its own with the same code. */
export function interrupted(): NearmissError {
  return workError("interrupted", "stopped by the user");
}

/** An error as the command line reports it. */
export interface Failure {
  readonly error: { readonly code: string; readonly message: string } & ErrorDetail;
  /** For people, on stderr. */
  readonly text: string;
  readonly exitCode: number;
}

/** Turns anything thrown into what is printed and the exit code: 1 the work failed, 2 bad usage or input, 130 after Ctrl-C. */
export function describeError(thrown: unknown): Failure {
  if (thrown instanceof NearmissError) {
    const { code, message, detail } = thrown;
    const stopped = code === "interrupted";
    return {
      error: { code, message, ...detail },
      text: stopped ? message : `error: ${message}`,
      exitCode: stopped ? 130 : thrown.exitCode,
    };
  }
  if (thrown instanceof CommanderError) {
    const message = thrown.message.replace(/^error: /, "");
    return { error: { code: "usage", message }, text: `error: ${message}`, exitCode: 2 };
  }
  if (thrown instanceof Error && thrown.name === "AbortError") return describeError(interrupted());
  if (isSystemError(thrown)) {
    const file = thrown.path === undefined ? {} : { file: thrown.path };
    return { error: { code: "io", message: thrown.message, ...file }, text: `error: ${thrown.message}`, exitCode: 1 };
  }
  // Not thrown on purpose: a fault of nearmiss, so the stack is what a maintainer needs.
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const trace = thrown instanceof Error && thrown.stack !== undefined ? thrown.stack : message;
  return {
    error: { code: "internal", message },
    text: `internal error (please report it): ${trace}`,
    exitCode: 1,
  };
}

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && "syscall" in thrown && "code" in thrown;
}
