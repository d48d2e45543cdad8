import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { compareCodePoints } from "#nearmiss/base/text.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { type LabelledMiningOptions, type MinedAnchor, mineLabelled } from "#nearmiss/negatives/labelled.js";
import { collect } from "./fixtures.js";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

type Given = Pick<LabelledMiningOptions, "items" | "vectors" | "dimension">;

/** The obvious loops. */
function slowly({ items, vectors, dimension, ...options }: LabelledMiningOptions): MinedAnchor[] {
  const { metric = "cosine", positive = "hardest", negative = "semi-hard", margin = 0.2, fallback = "drop" } = options;
  const row = (i: number) => [...vectors.subarray(i * dimension, (i + 1) * dimension)];
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * (y[i] as number), 0);
  const distance = (i: number, j: number) => {
    const [x, y] = [row(i), row(j)];
    if (metric === "cosine") return 1 - dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    return Math.sqrt(x.reduce((sum, v, k) => sum + (v - (y[k] as number)) ** 2, 0));
  };
  const order = range(items.length).sort((a, b) => compareCodePoints(items[a]?.id ?? "", items[b]?.id ?? ""));
  return range(items.length).map((anchor): MinedAnchor => {
    const own = items[anchor];
    const d = items.map((_, j) => distance(anchor, j));
    // Equal on paper differs in last bits between the computations, except for equal rows: such examples are left alone.
    const same = (a: number, b: number) => row(a).every((x, k) => x === row(b)[k]);
    for (const a of range(d.length))
      for (const b of range(d.length))
        for (const bound of a === b || same(a, b) ? [] : [0, margin ?? 0])
          fc.pre(Math.abs(Math.abs((d[a] as number) - (d[b] as number)) - bound) > 1e-9);
    const near = (list: readonly number[], sign: number) =>
      [...list].sort((a, b) => sign * ((d[a] as number) - (d[b] as number)))[0];
    const others = order.filter((j) => j !== anchor && (own?.text === undefined || items[j]?.text !== own.text));
    const alike = others.filter((j) => items[j]?.labels.some((label) => own?.labels.includes(label)));
    const unlike = others.filter((j) => !alike.includes(j));
    const p = near(alike, positive === "easiest" ? 1 : -1);
    const n = near(unlike, 1);
    if (p === undefined) return { kind: "dropped", anchor, reason: "no-positive" };
    if (n === undefined) return { kind: "dropped", anchor, reason: "no-negative" };
    const inside = (a: number, b: number) =>
      (d[a] as number) < (d[b] as number) && (margin === null || (d[b] as number) < (d[a] as number) + margin);
    const found = (a: number, b: number, source: "asked" | "fallback"): MinedAnchor => ({
      kind: "triplet",
      triplet: {
        anchor,
        positive: a,
        negative: b,
        source,
        positiveDistance: d[a] as number,
        negativeDistance: d[b] as number,
      },
    });
    const [a, b] =
      positive === "semi-hard"
        ? [
            near(
              alike.filter((one) => inside(one, n)),
              -1,
            ),
            n,
          ]
        : [
            p,
            negative === "semi-hard"
              ? near(
                  unlike.filter((one) => inside(p, one)),
                  1,
                )
              : n,
          ];
    if (a !== undefined && b !== undefined) return found(a, b, "asked");
    return fallback === "drop" ? { kind: "dropped", anchor, reason: "no-semi-hard" } : found(p, n, "fallback");
  });
}

const anyItems: fc.Arbitrary<Given> = fc
  .array(
    fc.record({
      labels: fc.uniqueArray(fc.constantFrom("a", "b", "constructor"), { minLength: 1, maxLength: 2 }),
      text: fc.option(fc.constantFrom("one", "two", "three"), { nil: undefined }),
      vector: fc.oneof(
        fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 3, maxLength: 3 }),
        fc.constantFrom([3, 1, 4], [-15, 9, 26]),
      ),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((list) => ({
    // Ids in another order than the items.
    items: list.map(({ labels, text }, i) => ({
      id: `${(i * 7) % 10}`,
      labels,
      ...(text === undefined ? {} : { text }),
    })),
    vectors: Float64Array.from(list.flatMap(({ vector: [x = 0, ...rest] }) => [x + 0.3, ...rest])),
    dimension: 3,
  }));

const ways = [
  { positive: "hardest", negative: "hardest" },
  { positive: "hardest", negative: "semi-hard" },
  { positive: "easiest", negative: "semi-hard", fallback: "hardest" },
  { positive: "easiest", negative: "hardest" },
  { positive: "semi-hard", negative: "hardest" },
  { positive: "semi-hard", negative: "hardest", fallback: "hardest", margin: null },
] as const;

function expectSame(got: readonly MinedAnchor[], want: readonly MinedAnchor[]): void {
  const rounded = (list: readonly MinedAnchor[]) =>
    JSON.parse(JSON.stringify(list), (_, value) => (typeof value === "number" ? Math.round(value * 1e9) / 1e9 : value));
  expect(rounded(got)).toEqual(rounded(want));
}

test.each(ways)("positive $positive, negative $negative: rows are those of a loop", async (way) => {
  for (const metric of ["cosine", "l2"] as const) {
    await fc.assert(
      fc.asyncProperty(anyItems, async (given) => {
        const options = { margin: 0.7, ...way, metric, ...given };
        const want = slowly(options);
        expectSame(await collect(mineLabelled(options)), want);
      }),
      { numRuns: 80, seed: 2 },
    );
  }
});

/** More items than a block of anchors has. */
function many(count: number): Given {
  const generator = rng(1, "many");
  return {
    items: range(count).map((i) => ({ id: `i${i}`, labels: [`c${i % 9}`] })),
    vectors: Float32Array.from({ length: count * 8 }, () => generator.normal()),
    dimension: 8,
  };
}

test("with an engine the same rows are found, in whatever blocks", async () => {
  const engine = await createEngine({ threads: 1 });
  try {
    for (const way of ways) {
      const options = { ...many(300), ...way, margin: 0.1 };
      expectSame(await collect(mineLabelled({ ...options, engine })), await collect(mineLabelled(options)));
    }
  } finally {
    await engine.close();
  }
});

test("a subset mines among as many items as asked for, the same for a seed", async () => {
  const mined = (seed: number) => collect(mineLabelled({ ...many(300), negative: "hardest", subset: 40, seed }));
  const rows = await mined(1);
  expect(rows).toHaveLength(40);
  const among = new Set(rows.map((row) => (row.kind === "triplet" ? row.triplet.anchor : row.anchor)));
  for (const row of rows)
    if (row.kind === "triplet") expect(among.has(row.triplet.positive) && among.has(row.triplet.negative)).toBe(true);
  expect(await mined(1)).toEqual(rows);
  expect(await mined(2)).not.toEqual(rows);
});

test("an item with the anchor's text is neither its positive nor its negative, unless asked for", async () => {
  const given: Given = {
    items: [
      { id: "a", labels: ["x"], text: "same  text" },
      { id: "b", labels: ["y"], text: "same text " },
      { id: "c", labels: ["x"], text: "other" },
      { id: "d", labels: ["y"], text: "another" },
    ],
    vectors: Float64Array.of(1, 0, 1, 0, 0.9, 0.4, 0, 1),
    dimension: 2,
  };
  const negativeOf = async (keepEqualText: boolean) => {
    const [first] = await collect(mineLabelled({ ...given, negative: "hardest", keepEqualText }));
    return first?.kind === "triplet" ? first.triplet.negative : null;
  };
  expect(await negativeOf(false)).toBe(3);
  expect(await negativeOf(true)).toBe(1);
});

test("what cannot be mined is an error that says why", async () => {
  const given = many(4);
  const mine = (more: Partial<LabelledMiningOptions>) => collect(mineLabelled({ ...given, ...more }));
  await expect(mine({ positive: "semi-hard", negative: "semi-hard" })).rejects.toThrow(/semi-hard for both/);
  await expect(mine({ dimension: 7 })).rejects.toThrow(/4 × 7/);
  await expect(mine({ subset: 0 })).rejects.toThrow(/subset/);
  await expect(mine({ vectors: given.vectors.map((x, i) => (i === 9 ? Number.NaN : x)) })).rejects.toThrow(/item i1/);
});
