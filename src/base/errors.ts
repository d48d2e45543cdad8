/** Where and what went wrong, in the parts that `--json` prints. */
export interface ErrorDetail {
  readonly file?: string;
  readonly line?: number;
  readonly field?: string;
  readonly found?: string;
  readonly expected?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Exit codes of the command line: 1 the work failed, 2 bad usage or bad input. */
export type ExitCode = 1 | 2;

/** The only error that nearmiss throws on purpose. `code` is stable; `message` is for people. */
export class NearmissError extends Error {
  override readonly name = "NearmissError";
  constructor(
    readonly code: string,
    message: string,
    readonly detail: ErrorDetail = {},
    readonly exitCode: ExitCode = 2,
  ) {
    super(compose(message, detail));
  }
}

/** Bad usage or bad input: the caller can mend it. */
export function inputError(code: string, message: string, detail: ErrorDetail = {}): NearmissError {
  return new NearmissError(code, message, detail, 2);
}

/** The work itself failed (a non-finite loss, a full disk). */
export function workError(code: string, message: string, detail: ErrorDetail = {}): NearmissError {
  return new NearmissError(code, message, detail, 1);
}

/** A flag or value whose part is not built yet. */
export function notImplemented(what: string): NearmissError {
  return new NearmissError("not-implemented", `${what} is not implemented yet`, {}, 2);
}

function compose(message: string, detail: ErrorDetail): string {
  const place =
    detail.file === undefined ? "" : `${detail.file}${detail.line === undefined ? "" : `:${detail.line}`}: `;
  const parts = [`${place}${message}`];
  if (detail.field !== undefined) parts.push(`field: ${detail.field}`);
  if (detail.found !== undefined) parts.push(`found: ${detail.found}`);
  if (detail.expected !== undefined) parts.push(`expected: ${detail.expected}`);
  if (detail.hint !== undefined) parts.push(detail.hint);
  return parts.join("; ");
}
