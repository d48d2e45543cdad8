import { type Dim, dimSymbols, solveDim } from "../dim.js";
import type { Tensor } from "../tensor.js";

/** A symbol is (length of the leaf along the axis - rest) / coefficient. */
export interface SymbolSource {
  readonly leaf: Tensor;
  readonly axis: number;
  readonly coefficient: Dim;
  readonly rest: Dim;
}

/** For each symbol a leaf that fixes it; earlier leaves and plain lengths first. */
export function symbolSources(leaves: readonly Tensor[]): ReadonlyMap<string, SymbolSource> {
  const sources = new Map<string, SymbolSource>();
  let open = leaves.flatMap((leaf) => leaf.shape.map((length, axis) => ({ leaf, axis, length })));
  open.sort((a, b) => Number(!isPlain(a.length)) - Number(!isPlain(b.length)));
  for (let before = -1; before !== open.length; ) {
    before = open.length;
    open = open.filter(({ leaf, axis, length }) => {
      const known = new Set(sources.keys());
      const solved = solveDim(length, known);
      if (solved !== null) {
        const { symbol, coefficient, rest } = solved;
        sources.set(symbol, { leaf, axis, coefficient, rest });
      }
      return dimSymbols(length).some((symbol) => !sources.has(symbol));
    });
  }
  return sources;
}

function isPlain(length: Dim): boolean {
  const [symbol] = dimSymbols(length);
  return symbol === length;
}
