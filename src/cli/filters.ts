import { badValue } from "./values.js";

/** The filters that a command line asks for: those added, and those of the always-on that are switched off. */
export interface FilterChoice {
  readonly filters: readonly FilterOption[];
  readonly without: readonly AlwaysOn[];
}

export type AlwaysOn = "known-positives" | "equal-text";

export type FilterOption =
  | { readonly name: AlwaysOn }
  | { readonly name: "perc-pos" | "margin-pos" | "abs"; readonly value: number }
  | { readonly name: "rank-window"; readonly low: number; readonly high: number };

const none: FilterChoice = { filters: [], without: [] };

/** `--filter NAME=V`, repeatable: `perc-pos=0.95`, `margin-pos=0.05`, `abs=0.7`, `rank-window=10-100`, `known-positives`. */
export function addFilter(text: string, before: FilterChoice = none): FilterChoice {
  const filter = parseFilter(text);
  if (before.filters.some(({ name }) => name === filter.name)) throw badValue("--filter", text, `${filter.name} once`);
  return { ...before, filters: [...before.filters, filter] };
}

/** `--no-filter NAME`: switches off one that is always on. */
export function removeFilter(text: string, before: FilterChoice = none): FilterChoice {
  if (!isAlwaysOn(text)) throw badValue("--no-filter", text, "known-positives or equal-text");
  return { ...before, without: [...before.without, text] };
}

function parseFilter(text: string): FilterOption {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? undefined : text.slice(at + 1);
  if (isAlwaysOn(name)) {
    if (value !== undefined) throw badValue("--filter", text, `${name} without a value`);
    return { name };
  }
  switch (name) {
    case "perc-pos":
      return {
        name,
        value: number(text, value, "a share of the positive's score above 0, such as 0.95", (v) => v > 0),
      };
    case "margin-pos":
      return { name, value: number(text, value, "a margin of at least 0, such as 0.05", (v) => v >= 0) };
    case "abs":
      return { name, value: number(text, value, "a score, such as 0.7", () => true) };
    case "rank-window": {
      const [, low, high] = /^(\d+)-(\d+)$/.exec(value ?? "") ?? [];
      if (low === undefined || high === undefined || Number(low) < 1 || Number(high) < Number(low)) {
        throw badValue("--filter", text, "rank-window=LO-HI with 1 <= LO <= HI, such as 10-100");
      }
      return { name, low: Number(low), high: Number(high) };
    }
    default:
      throw badValue(
        "--filter",
        text,
        "known-positives, equal-text, perc-pos=P, margin-pos=M, abs=T or rank-window=LO-HI",
      );
  }
}

function number(text: string, value: string | undefined, expected: string, accept: (value: number) => boolean): number {
  const read = value === undefined || value.trim() === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(read) || !accept(read)) throw badValue("--filter", text, expected);
  return read;
}

function isAlwaysOn(name: string): name is AlwaysOn {
  return name === "known-positives" || name === "equal-text";
}
