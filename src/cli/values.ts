import { inputError } from "../base/errors.js";

// Parsers of option values. Each takes the flag's name first and gives a function of the text, as commander wants it.

/** A whole number in min … max. */
export function integer(flag: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number, at least ${min}` : `a whole number from ${min} to ${max}`;
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(Number.isSafeInteger(value) && value >= min && value <= max)) throw badValue(flag, text, expected);
    return value;
  };
}

/** A finite number with `accept` true; `expected` says what that means. */
export function decimal(
  flag: string,
  expected: string,
  accept: (value: number) => boolean = () => true,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || !accept(value)) throw badValue(flag, text, expected);
    return value;
  };
}

/** One of the names. */
export function choice<Name extends string>(flag: string, names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw badValue(flag, text, `one of ${names.join(", ")}`);
    return found;
  };
}

/** Names with commas between them, at least one, none empty or twice. */
export function nameList(flag: string): (text: string) => readonly string[] {
  return (text) => {
    const names = text.split(",").map((name) => name.trim());
    if (names.includes("") || new Set(names).size !== names.length) {
      throw badValue(flag, text, "different names with commas between them");
    }
    return names;
  };
}

/** `--columns query=q,positive=a`: what a column means → its name in the file. */
export function columnNames(flag: string): (text: string) => ReadonlyMap<string, string> {
  return (text) => {
    const columns = new Map<string, string>();
    for (const part of text.split(",")) {
      const [meaning, name] = pair(flag, part, "meaning=column with commas between them, such as query=q,positive=a");
      if (columns.has(meaning)) throw badValue(flag, text, `${meaning} once`);
      columns.set(meaning, name);
    }
    return columns;
  };
}

/** A repeatable `k=v`; the values so far come as the second argument. */
export function parameters(
  flag: string,
): (text: string, before?: ReadonlyMap<string, string>) => ReadonlyMap<string, string> {
  return (text, before = new Map()) => {
    const [key, value] = pair(flag, text, "name=value");
    if (before.has(key)) throw badValue(flag, text, `${key} once`);
    return new Map([...before, [key, value]]);
  };
}

/** A repeatable `name=value` whose values are numbers, `true`, `false`, `null` or lists where they read as such, else texts. */
export function options(
  flag: string,
): (text: string, before?: ReadonlyMap<string, unknown>) => ReadonlyMap<string, unknown> {
  const read = parameters(flag);
  return (text, before = new Map()) => {
    const [[key, value] = ["", ""]] = read(text);
    if (before.has(key)) throw badValue(flag, text, `${key} once`);
    return new Map([...before, [key, valueOf(value)]]);
  };
}

function valueOf(text: string): unknown {
  if (!/^(-?[\d.]|true$|false$|null$|\[)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whole numbers from 1, separated by commas; `none` for an empty list. */
export function sizes(flag: string): (text: string) => readonly number[] {
  return (text) => {
    if (text.trim() === "none") return [];
    const list = text.split(",").map((one) => Number(one.trim()));
    if (list.every((one) => Number.isInteger(one) && one >= 1)) return list;
    throw badValue(flag, text, "whole numbers such as 256,128, or none");
  };
}

/** `i/n` with 1 <= i <= n: one of n parts; the index counts from 0. */
export function shard(flag: string): (text: string) => { readonly index: number; readonly count: number } {
  return (text) => {
    const [, part, count] = /^(\d+)\/(\d+)$/.exec(text.trim())?.map(Number) ?? [];
    if (part === undefined || count === undefined || part < 1 || part > count) {
      throw badValue(flag, text, "i/n from 1/n to n/n, such as 1/4");
    }
    return { index: part - 1, count };
  };
}

/** A repeatable text. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function badValue(flag: string, found: string, expected: string): Error {
  return inputError("bad-value", `${flag}: this value cannot be used`, {
    field: flag,
    found: found === "" ? "nothing" : found,
    expected,
  });
}

function pair(flag: string, text: string, expected: string): readonly [string, string] {
  const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*\S)\s*$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw badValue(flag, text, expected);
  return [key, value];
}
