import { inputError } from "../base/errors.js";
import { parseNumber } from "./check.js";
import type { Filter } from "./filter.js";
import { absolute } from "./filters/abs.js";
import { marginPositive } from "./filters/margin-pos.js";
import { percPositive } from "./filters/perc-pos.js";
import { rankWindow } from "./filters/rank-window.js";

const makers: ReadonlyMap<string, (value: string) => Filter> = new Map([
  ["perc-pos", (value: string) => percPositive({ p: numberOf("perc-pos", value) })],
  ["margin-pos", (value: string) => marginPositive({ margin: numberOf("margin-pos", value) })],
  ["abs", (value: string) => absolute({ max: numberOf("abs", value) })],
  ["rank-window", (value: string) => rankWindow(windowOf(value))],
]);

/** Filters that are on unless they are turned off; they have no value. */
export const standingFilters = ["known-positives", "equal-text"] as const;

export type StandingFilter = (typeof standingFilters)[number];

export const filterNames: readonly string[] = [...standingFilters, ...makers.keys()];

/**
 * A filter from `name=value`, as the command line gives it: `perc-pos=0.95`, `margin-pos=0.05`, `abs=0.7`, `rank-window=10-100`. The
 * standing filters are null here: the miner makes them, since they need the data. Throws an input error for anything else.
 */
export function parseFilter(text: string): Filter | null {
  const split = text.indexOf("=");
  const name = split < 0 ? text : text.slice(0, split);
  const value = split < 0 ? undefined : text.slice(split + 1);
  if ((standingFilters as readonly string[]).includes(name)) {
    if (value === undefined) return null;
    throw inputError("bad-filter", `filter ${name} has no value`, { found: text, expected: name });
  }
  const make = makers.get(name);
  if (make === undefined) throw unknownFilter(name);
  if (value === undefined)
    throw inputError("bad-filter", `filter ${name} needs a value`, { found: text, expected: `${name}=VALUE` });
  return make(value);
}

/** Checks a name given to turn a standing filter off. */
export function checkStandingFilter(name: string): StandingFilter {
  const found = standingFilters.find((one) => one === name);
  if (found !== undefined) return found;
  throw inputError("unknown-filter", "only a filter that is on by default can be turned off", {
    found: name,
    expected: standingFilters.join(", "),
  });
}

function unknownFilter(name: string): Error {
  return inputError("unknown-filter", "unknown filter", { found: name, expected: filterNames.join(", ") });
}

function numberOf(name: string, text: string): number {
  const value = parseNumber(text);
  if (!Number.isNaN(value)) return value;
  throw inputError("bad-filter", `filter ${name}: the value is no number`, {
    found: text,
    expected: "a finite number",
  });
}

function windowOf(text: string): { low: number; high: number } {
  const match = /^(\d+)-(\d+)$/.exec(text);
  if (match !== null) return { low: Number(match[1]), high: Number(match[2]) };
  throw inputError("bad-filter", "filter rank-window: the value is no window of ranks", {
    found: text,
    expected: "LO-HI, such as 10-100",
  });
}
