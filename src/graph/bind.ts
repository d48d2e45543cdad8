import { inputError } from "../base/errors.js";
import { type Bindings, evaluateDim, solveDim } from "./dim.js";
import { formatShape, type Shape } from "./shape.js";

/** A shape as it is declared and as it was found. */
export interface ShapePair {
  readonly name: string;
  readonly declared: Shape;
  readonly found: readonly number[];
}

/**
 * The values of the symbols in declared shapes, from the shapes that were found. Throws `shape` when they contradict each
 * other, when one is not reached by any whole number, or when a symbol stays open that a declared shape needs.
 */
export function bindSymbols(pairs: readonly ShapePair[]): Bindings {
  const bindings = new Map<string, number>();
  for (const { name, declared, found } of pairs) {
    if (declared.length !== found.length) throw mismatch(name, declared, found);
  }
  let open = pairs.flatMap(({ declared, found }) => declared.map((length, i) => ({ length, found: found[i] ?? 0 })));
  for (let before = -1; before !== open.length; ) {
    before = open.length;
    open = open.filter(({ length, found }) => {
      const solved = solveDim(length, new Set(bindings.keys()));
      if (solved === null) return true;
      const value = (found - evaluateDim(solved.rest, bindings)) / evaluateDim(solved.coefficient, bindings);
      if (Number.isInteger(value) && value >= 0) bindings.set(solved.symbol, value);
      return false;
    });
  }
  for (const { name, declared, found } of pairs) {
    for (const [i, length] of declared.entries()) {
      if (evaluateDim(length, bindings) !== found[i]) throw mismatch(name, declared, found, bindings);
    }
  }
  return bindings;
}

function mismatch(name: string, declared: Shape, found: readonly number[], bindings: Bindings = new Map()) {
  const known = [...bindings].map(([symbol, value]) => `${symbol} = ${value}`).join(", ");
  return inputError("shape", `${name} has another shape than declared`, {
    found: formatShape(found),
    expected: `${formatShape(declared)}${known === "" ? "" : ` with ${known}`}`,
  });
}
