import fc from "fast-check";
import { expect, test } from "vitest";
import { addDims, dim, divideDims, evaluateDim, multiplyDims, solveDim, subtractDims } from "#nearmiss/graph/dim.js";

test("equal lengths have equal strings", () => {
  expect(dim("k*batch+batch")).toBe("batch*k+batch");
  expect(dim("batch*(1+k)")).toBe("batch*k+batch");
  expect(dim("3*tokens*12")).toBe("36*tokens");
  expect(dim("rows - 1")).toBe("rows-1");
  expect(dim("rows-rows+4")).toBe(4);
  expect(dim("-(a-b)")).toBe("-a+b");
  expect(dim("a-b-c")).toBe("a-b-c");
});

test("what is no length is refused", () => {
  for (const wrong of ["", "a+", "(a", "a b", "a/b", "1.5", "a**b"])
    expect(() => dim(wrong), wrong).toThrow(/not a length/);
  expect(() => dim(1.5)).toThrow(/integer/);
});

test("exact division undoes multiplication, and refuses a remainder", () => {
  expect(divideDims("36*tokens", "tokens")).toBe(36);
  expect(divideDims("batch*k+batch", "k+1")).toBe("batch");
  expect(divideDims("tokens+1", "tokens")).toBeNull();
  expect(divideDims(7, 2)).toBeNull();
  expect(divideDims("a", 0)).toBeNull();
});

const polynomial = fc
  .array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 2 })), {
    maxLength: 4,
  })
  .map((terms) => dim(terms.map(([c, symbols]) => [`(${c})`, ...symbols].join("*")).join("+") || "0"));
const bindings = new Map([
  ["a", 3],
  ["b", 7],
  ["c", 11],
]);
const value = (length: string | number) => evaluateDim(length, bindings);

test("arithmetic of lengths is arithmetic of their values", () => {
  fc.assert(
    fc.property(polynomial, polynomial, (x, y) => {
      expect(value(addDims(x, y)) - (value(x) + value(y))).toBe(0);
      expect(value(subtractDims(x, y)) - (value(x) - value(y))).toBe(0);
      const product = multiplyDims(x, y);
      expect(value(product) - value(x) * value(y)).toBe(0);
      if (y !== 0) expect(divideDims(product, y)).toBe(x);
    }),
  );
});

test("a length determines the one symbol that is left", () => {
  expect(solveDim("batch*k+batch", new Set(["batch"]))).toEqual({ symbol: "k", coefficient: "batch", rest: "batch" });
  expect(solveDim("rows-1", new Set())).toEqual({ symbol: "rows", coefficient: 1, rest: -1 });
  expect(solveDim("a*b", new Set())).toBeNull();
  expect(solveDim("a*a", new Set())).toBeNull();
  expect(solveDim("a", new Set(["a"]))).toBeNull();
});
