import { expect, test } from "vitest";
import { erf } from "#nearmiss/engine/interpreter/erf.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import type { HostTensor } from "#nearmiss/graph/host.js";
import { dropoutMask, embeddingBag, gather, input, parameter, size } from "#nearmiss/graph/index.js";

const floats = (shape: readonly number[], ...data: number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float64Array.from(data),
});
const ints = (...data: number[]): HostTensor => ({ dtype: "int32", shape: [data.length], data: Int32Array.from(data) });

test("erf to double precision", () => {
  // Reference values: the C library's erf and erfc.
  expect(erf(0)).toBe(0);
  expect(erf(1e-10)).toBeCloseTo(1.1283791670955126e-10, 25);
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15);
  expect(erf(1)).toBeCloseTo(0.8427007929497149, 15);
  expect(erf(-2)).toBeCloseTo(-0.9953222650189527, 15);
  expect(erf(2.9999)).toBeCloseTo(0.9999778955735178, 15);
  expect(erf(3.0001)).toBeCloseTo(0.9999779234241298, 15);
  expect(1 - erf(3)).toBeCloseTo(2.209049699858544e-5, 15);
  expect(1 - erf(5)).toBeCloseTo(1.5374597944280351e-12, 15);
  expect(erf(Infinity)).toBe(1);
  expect(erf(Number.NaN)).toBeNaN();
});

test("symbols take their values from the inputs, whichever tells them", () => {
  const logits = input("logits", ["batch", "batch*k+batch"]);
  const y = logits.sum().mul(0).add(size("100*k+batch"));
  expect(evaluate({ y }, { logits: floats([2, 6], ...Array(12).fill(1)) })["y"]!.data).toEqual(Float64Array.of(202));
});

test("shapes that contradict each other, or the declaration, are refused", () => {
  const y = input("a", ["n", 2])
    .sum()
    .add(input("b", ["n"]).sum());
  const two = floats([2, 2], 1, 2, 3, 4);
  expect(() => evaluate({ y }, { a: two, b: floats([3], 1, 2, 3) })).toThrow(/input b has another shape.*n = 2/);
  expect(() => evaluate({ y }, { a: two, b: floats([1, 2], 1, 2) })).toThrow(/input b has another shape/);
  expect(() => evaluate({ y }, { a: floats([2, 3], 1, 2, 3, 4, 5, 6), b: floats([2], 1, 2) })).toThrow(/input a/);
  expect(() => evaluate({ y: input("c", ["2*n"]) }, { c: floats([3], 1, 2, 3) })).toThrow(/not known|another shape/);
});

test("values that are missing, or of another dtype or size, are named", () => {
  const y = input("toString", ["n"]);
  expect(() => evaluate({ y })).toThrow(/input toString is not given/);
  expect(() => evaluate({ y }, { toString: ints(1) } as never)).toThrow(/another dtype/);
  expect(() => evaluate({ y }, { toString: floats([3], 1) } as never)).toThrow(/1 values do not fill \[3\]/);
  expect(() => evaluate({ y: parameter("w", [2]) })).toThrow(/parameter w is not given/);
  expect(() => evaluate({ y: dropoutMask([2], 0.5, "a.b") })).toThrow(/dropout:a.b is not given/);
});

test("an index out of range is an error, not a silent zero", () => {
  const y = gather(input("x", ["n"]), input("i", ["k"], "int32"));
  const x = floats([2], 5, 6);
  expect(evaluate({ y }, { x, i: ints(1, 0, 1) })["y"]!.data).toEqual(Float64Array.of(6, 5, 6));
  expect(() => evaluate({ y }, { x, i: ints(2) })).toThrow(/out of range/);
  expect(() => evaluate({ y }, { x, i: ints(-1) })).toThrow(/out of range/);
});

test("an embedding bag is the mean of its rows, and zeros where it is empty", () => {
  const y = embeddingBag(
    parameter("t", [3, 2]),
    input("ids", ["tokens"], "int32"),
    input("offsets", ["rows+1"], "int32"),
  );
  const parameters = new Map([["t", floats([3, 2], 1, 2, 3, 4, 5, 6)]]);
  const found = evaluate({ y }, { ids: ints(0, 2, 2), offsets: ints(0, 2, 2, 3) }, parameters)["y"]!;
  expect(found.shape).toEqual([3, 2]);
  expect([...found.data]).toEqual([3, 4, 0, 0, 5, 6]);
});
