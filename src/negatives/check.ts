import { inputError } from "../base/errors.js";

/** What a numeric option may be; bounds are inclusive. */
export interface Range {
  readonly least?: number;
  readonly most?: number;
  readonly integer?: boolean;
}

/** The value, if it is a finite number within the range; else an input error that names the option. */
export function checkNumber(option: string, value: number, range: Range = {}): number {
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, integer = false } = range;
  if (Number.isFinite(value) && value >= least && value <= most && (!integer || Number.isInteger(value))) return value;
  throw inputError("bad-value", `${option} is out of range`, {
    field: option,
    found: String(value),
    expected: describeRange(least, most, integer),
  });
}

/** The value, if it is one of those allowed; else an input error that names the option. For callers without types. */
export function checkOneOf<T extends string>(option: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value;
  throw inputError("bad-value", `${option} is none of its values`, {
    field: option,
    found: String(value),
    expected: values.join(", "),
  });
}

function describeRange(least: number, most: number, integer: boolean): string {
  const kind = integer ? "an integer" : "a number";
  if (least > Number.NEGATIVE_INFINITY && most < Number.POSITIVE_INFINITY) return `${kind} from ${least} to ${most}`;
  if (least > Number.NEGATIVE_INFINITY) return `${kind} of at least ${least}`;
  if (most < Number.POSITIVE_INFINITY) return `${kind} of at most ${most}`;
  return `a finite ${integer ? "integer" : "number"}`;
}

/** The number that a text stands for; NaN for anything but a finite decimal number. */
export function parseNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
