import { inputError } from "../base/errors.js";

/** A length: a number, or the canonical string of a polynomial of symbols with integer coefficients (`batch*length`, `36*tokens`, `rows-1`). */
export type Dim = number | string;

/** Values of symbols. */
export type Bindings = ReadonlyMap<string, number>;

/** Monomial (its symbols sorted and joined by `*`; "" is 1) → coefficient, never 0. */
type Polynomial = ReadonlyMap<string, number>;

/** The canonical form of any expression of integers, symbols, `+`, `-`, `*` and parentheses. Throws `shape` on anything else. */
export function dim(expression: Dim): Dim {
  return format(parse(expression));
}

export function addDims(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a + b : format(plus(parse(a), parse(b), 1));
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a - b : format(plus(parse(a), parse(b), -1));
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a * b : format(times(parse(a), parse(b)));
}

/** a / b where it is a polynomial with integer coefficients, else null. */
export function divideDims(a: Dim, b: Dim): Dim | null {
  const divisor = parse(b);
  const lead = leading(divisor);
  if (lead === null) return null;
  let rest = parse(a);
  let quotient: Polynomial = new Map();
  for (let top = leading(rest); top !== null; top = leading(rest)) {
    const symbols = without(top.symbols, lead.symbols);
    const coefficient = top.coefficient / lead.coefficient;
    if (symbols === null || !Number.isInteger(coefficient)) return null;
    const term: Polynomial = new Map([[symbols.join("*"), coefficient]]);
    quotient = plus(quotient, term, 1);
    rest = plus(rest, times(term, divisor), -1);
  }
  return format(quotient);
}

/** The value of a dimension. Throws `shape` when a symbol is not bound. */
export function evaluateDim(value: Dim, bindings: Bindings): number {
  const result = substitute(parse(value), bindings);
  const symbols = symbolsOf(result);
  if (symbols.length > 0) throw inputError("shape", `the length ${value} is not known: nothing binds ${symbols[0]}`);
  return result.get("") ?? 0;
}

/** The symbols of a dimension, sorted. */
export function dimSymbols(value: Dim): readonly string[] {
  return typeof value === "number" ? [] : symbolsOf(parse(value));
}

/** The terms of a dimension: coefficient and symbols of each product. */
export function dimTerms(value: Dim): readonly { readonly coefficient: number; readonly symbols: readonly string[] }[] {
  return [...parse(value)]
    .sort(byMonomial)
    .map(([monomial, coefficient]) => ({ coefficient, symbols: split(monomial) }));
}

/**
 * The symbol that `value` determines once the symbols in `known` are, as `symbol = (length - rest) / coefficient`;
 * null when none is left, or more than one, or it is not linear in it. `coefficient` and `rest` are dimensions of known symbols.
 */
export function solveDim(
  value: Dim,
  known: ReadonlySet<string>,
): { readonly symbol: string; readonly coefficient: Dim; readonly rest: Dim } | null {
  const unknown = dimSymbols(value).filter((symbol) => !known.has(symbol));
  const symbol = unknown[0];
  if (symbol === undefined || unknown.length > 1) return null;
  const coefficient = new Map<string, number>();
  const rest = new Map<string, number>();
  for (const [monomial, factor] of parse(value)) {
    const symbols = split(monomial);
    const others = symbols.filter((other) => other !== symbol);
    if (symbols.length - others.length > 1) return null;
    (others.length === symbols.length ? rest : coefficient).set(others.join("*"), factor);
  }
  return { symbol, coefficient: format(coefficient), rest: format(rest) };
}

function plus(a: Polynomial, b: Polynomial, sign: 1 | -1): Polynomial {
  const sum = new Map(a);
  for (const [monomial, coefficient] of b) {
    const total = (sum.get(monomial) ?? 0) + sign * coefficient;
    if (total === 0) sum.delete(monomial);
    else sum.set(monomial, total);
  }
  return sum;
}

function times(a: Polynomial, b: Polynomial): Polynomial {
  let product: Polynomial = new Map();
  for (const [x, m] of a) {
    for (const [y, n] of b) {
      const monomial = [...split(x), ...split(y)].sort().join("*");
      product = plus(product, new Map([[monomial, m * n]]), 1);
    }
  }
  return product;
}

function substitute(polynomial: Polynomial, bindings: Bindings): Polynomial {
  let result: Polynomial = new Map();
  for (const [monomial, coefficient] of polynomial) {
    let factor = coefficient;
    const left = split(monomial).filter((symbol) => {
      const bound = bindings.get(symbol);
      if (bound !== undefined) factor *= bound;
      return bound === undefined;
    });
    if (factor !== 0) result = plus(result, new Map([[left.join("*"), factor]]), 1);
  }
  return result;
}

function symbolsOf(polynomial: Polynomial): readonly string[] {
  return [...new Set([...polynomial.keys()].flatMap(split))].sort();
}

function split(monomial: string): string[] {
  return monomial === "" ? [] : monomial.split("*");
}

/** The multiset difference of two sorted lists, or null when the second is not part of the first. */
function without(symbols: readonly string[], removed: readonly string[]): string[] | null {
  const left = [...symbols];
  for (const symbol of removed) {
    const at = left.indexOf(symbol);
    if (at < 0) return null;
    left.splice(at, 1);
  }
  return left;
}

function leading(polynomial: Polynomial): { readonly symbols: readonly string[]; readonly coefficient: number } | null {
  const first = [...polynomial].sort(byMonomial)[0];
  return first === undefined ? null : { symbols: split(first[0]), coefficient: first[1] };
}

/** Graded lexicographic order, highest first: what division needs, and what is written. */
function byMonomial([a]: readonly [string, number], [b]: readonly [string, number]): number {
  const x = split(a);
  const y = split(b);
  if (x.length !== y.length) return y.length - x.length;
  for (const [i, symbol] of x.entries()) {
    const other = y[i] ?? "";
    if (symbol !== other) return symbol < other ? -1 : 1;
  }
  return 0;
}

function format(polynomial: Polynomial): Dim {
  if (symbolsOf(polynomial).length === 0) return polynomial.get("") ?? 0;
  const terms = [...polynomial].sort(byMonomial).map(([monomial, coefficient], i) => {
    const sign = coefficient < 0 ? "-" : i === 0 ? "" : "+";
    const size = Math.abs(coefficient);
    const factor = size === 1 && monomial !== "" ? "" : `${size}${monomial === "" ? "" : "*"}`;
    return `${sign}${factor}${monomial}`;
  });
  return terms.join("");
}

function parse(expression: Dim): Polynomial {
  if (typeof expression === "number") {
    if (!Number.isSafeInteger(expression))
      throw inputError("shape", `a length must be an integer, found ${expression}`);
    return expression === 0 ? new Map() : new Map([["", expression]]);
  }
  if (/^[A-Za-z_][\w.]*$/.test(expression)) return new Map([[expression, 1]]);
  const tokens = expression.match(/[A-Za-z_][\w.]*|\d+|\S/g) ?? [];
  let at = 0;
  const fail = () =>
    inputError("shape", `${JSON.stringify(expression)} is not a length`, { expected: "like batch*(k+1)" });
  const sum = (): Polynomial => {
    let result = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      const sign = tokens[at++] === "+" ? 1 : -1;
      result = plus(result, product(), sign);
    }
    return result;
  };
  const product = (): Polynomial => {
    let result = factor();
    while (tokens[at] === "*") {
      at++;
      result = times(result, factor());
    }
    return result;
  };
  const factor = (): Polynomial => {
    const token = tokens[at++];
    if (token === "-") return plus(new Map(), factor(), -1);
    if (token === "(") {
      const inner = sum();
      if (tokens[at++] !== ")") throw fail();
      return inner;
    }
    if (token === undefined || !/^\w/.test(token)) throw fail();
    return parse(/^\d/.test(token) ? Number(token) : token);
  };
  const result = sum();
  if (at !== tokens.length) throw fail();
  return result;
}
