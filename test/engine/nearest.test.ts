import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { createPlainSearcher, dot, type NearestRows, type Searcher } from "#nearmiss/engine/nearest.js";
import { createSharedSearcher } from "#nearmiss/engine/nearest-shared.js";
import { createWasmSearcher } from "#nearmiss/engine/nearest-wasm.js";
import { quantiseRows } from "#nearmiss/engine/quantise.js";
import { loadNearestKernels } from "#nearmiss/engine/wasm.js";

const host = createWasmHost();
const fast = createWasmSearcher(host, 2);
const shared = createSharedSearcher(fast, createWasmSearcher(host, 1), 3, 0);
const plain = createPlainSearcher();
afterAll(() => shared.close());

interface Case {
  readonly dimension: number;
  readonly sets: readonly Float32Array[];
  readonly queries: Float32Array;
  readonly k: number;
  readonly floors?: Float64Array;
}

const tensor = (data: Float32Array, dimension: number) =>
  ({ dtype: "float32", shape: [data.length / dimension, dimension], data }) as const;

type By = "one thread's memory" | "three threads' memories";

async function found(precision: "float32" | "int8", by: By, of: Case): Promise<NearestRows> {
  return by === "one thread's memory" ? search(fast, precision, of) : search(shared, precision, of);
}

async function search<H>(searcher: Searcher<H>, precision: "float32" | "int8", of: Case): Promise<NearestRows> {
  const { dimension, sets, queries, k, floors } = of;
  const held: H[] = [];
  for (const set of sets) held.push(await searcher.hold(tensor(set, dimension), precision));
  try {
    return await searcher.nearest({ queries: tensor(queries, dimension), k, floors }, held);
  } finally {
    for (const one of held) searcher.free(one);
  }
}

const normals = (rows: number, dimension: number, ...path: (string | number)[]): Float32Array => {
  const generator = rng(3, ...path);
  return Float32Array.from({ length: rows * dimension }, () => generator.normal());
};

describe.each([
  ["float32", "one thread's memory"],
  ["int8", "one thread's memory"],
  ["float32", "three threads' memories"],
  ["int8", "three threads' memories"],
] as const)("%s in %s", (precision, by) => {
  test("finds what computing and sorting everything in float64 finds, to the bit", async () => {
    const sizes = fc.record({
      seed: fc.integer({ min: 0, max: 1000 }),
      dimension: fc.constantFrom(1, 3, 8, 37, 130),
      rows: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
      count: fc.integer({ min: 0, max: 7 }),
      k: fc.integer({ min: 1, max: 40 }),
      // Coarse values make ties, long rows make bounds wide.
      coarse: fc.boolean(),
      stretch: fc.constantFrom(0, 1e-30, 1, 1e15),
      floor: fc.option(fc.double({ min: -2, max: 2, noNaN: true })),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ seed, dimension, rows, count, k, coarse, stretch, floor }) => {
        const made = (n: number, ...path: (string | number)[]) =>
          normals(n, dimension, seed, ...path).map((value) => stretch * (coarse ? Math.round(value) : value));
        const of: Case = {
          dimension,
          k,
          sets: rows.map((n, i) => made(n, "set", i)),
          queries: made(count, "queries"),
          ...(floor === null ? {} : { floors: new Float64Array(count).fill(floor * stretch * stretch) }),
        };
        expect(await found(precision, by, of)).toEqual(await search(plain, precision, of));
      }),
      { numRuns: 60 },
    );
  });

  test("many equal and nearly equal rows, more than are noted at once", async () => {
    const [dimension, rows] = [16, 700];
    const base = normals(1, dimension, "base");
    const nudges = normals(rows * 6, dimension, "nudges").map((value, i) =>
      i % (3 * dimension) < dimension ? 0 : 1e-6 * value,
    );
    const all = nudges.map((value, i) => base[i % dimension]! + value);
    const sets = Array.from({ length: 6 }, (_, i) => all.slice(i * rows * dimension, (i + 1) * rows * dimension));
    const of = { dimension, sets, queries: normals(3, dimension, "queries"), k: 30 };
    expect(await found(precision, by, of)).toEqual(await search(plain, precision, of));
  });

  test("does not depend on the other queries, and gives back its memory", async () => {
    const of = { dimension: 24, sets: [normals(600, 24, "a"), normals(300, 24, "b")], k: 9 };
    const queries = normals(600, 24, "queries");
    const before = host.used();
    const all = await found(precision, by, { ...of, queries });
    for (const i of [0, 511, 512, 599]) {
      const alone = await found(precision, by, { ...of, queries: queries.slice(i * 24, (i + 1) * 24) });
      expect(alone.rows).toEqual(all.rows.slice(all.starts[i], all.starts[i + 1]));
      expect(alone.scores).toEqual(all.scores.slice(all.starts[i], all.starts[i + 1]));
    }
    expect(host.used()).toBe(before);
  });

  test("refuses products that could overflow", async () => {
    const of = { dimension: 2, sets: [Float32Array.of(1e25, 0)], queries: Float32Array.of(1e25, 0), k: 1 };
    await expect(found(precision, by, of)).rejects.toThrow(/too long for their product/);
  });
});

test.each([0, 1, 7, 8, 9, 31, 384])("the kernel's product of %i values is the reference's to the bit", (length) => {
  const kernels = loadNearestKernels(host.memory);
  const [a, b] = [normals(1, length, "a"), normals(1, length, "b")];
  const [x, y] = [host.allocate(length + 1), host.allocate(length + 1)];
  host.values(x).set(a);
  host.values(y).set(b);
  expect(kernels.dot(x.address, y.address, length)).toBe(dot(a, b));
  expect(dot(a, b)).toBeCloseTo(
    a.reduce((sum, value, i) => sum + value * b[i]!, 0),
    12,
  );
  host.free(x);
  host.free(y);
});

test("quantised rows are as far from the rows as they say", () => {
  const [dimension, limit] = [11, 63];
  const rows = normals(20, dimension, "rows").map((value, i) => (i < dimension ? 0 : value * 10 ** (i % 7)));
  const { values, steps, errors, lengths } = quantiseRows(rows, dimension, limit, false);
  const turned = quantiseRows(rows, dimension, limit, true);
  for (let row = 0; row < 20; row++) {
    const at = (i: number) => row * dimension + i;
    const reached = Array.from({ length: dimension }, (_, i) => steps[row]! * values[at(i)]!);
    expect(errors[row]).toBeCloseTo(Math.hypot(...reached.map((value, i) => rows[at(i)]! - value)), 8);
    expect(lengths[row]).toBeCloseTo(Math.hypot(...reached), 6);
    for (const [i, value] of reached.entries()) {
      expect(Math.abs(rows[at(i)]! - value)).toBeLessThanOrEqual(0.500001 * steps[row]!);
      expect(Math.abs(values[at(i)]!)).toBeLessThanOrEqual(limit);
      expect(turned.values[i * 20 + row]).toBe(values[at(i)]);
    }
  }
  expect(steps[0]).toBe(0);
});
