import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { bagMatrix } from "#nearmiss/engine/bags.js";
import { dropoutMask, maskKey, maskThreshold } from "#nearmiss/engine/dropout.js";
import { createReferenceHost } from "#nearmiss/engine/host-reference.js";
import { createWasmHost, type WasmBlock } from "#nearmiss/engine/host-wasm.js";
import { adamwFactors } from "#nearmiss/engine/reference.js";

// In float32 the reference rounds wherever it stores, as the kernels do: sums of two terms are equal to the bit.
const reference = createReferenceHost((length) => new Float32Array(length));
const lengths = [1, 3, 4, 7, 8, 15, 16, 33, 1000];

function normals(count: number, ...path: (string | number)[]): Float32Array {
  const generator = rng(11, ...path);
  return Float32Array.from({ length: count }, () => generator.normal());
}

function integers(count: number, below: number, ...path: (string | number)[]): Int32Array {
  const generator = rng(12, ...path);
  return Int32Array.from({ length: count }, () => generator.int(below));
}

function createBlocks() {
  const host = createWasmHost();
  const block = (values: Float32Array): WasmBlock => {
    const made = host.allocate(values.length);
    host.values(made).set(values);
    return made;
  };
  return { host, block };
}

const fingerprintOf = (values: Float32Array): string => createHash("sha256").update(values).digest("hex");

test.each(lengths)("the squared norm of %i values is the reference's to the bit", (length) => {
  const { host, block } = createBlocks();
  const x = normals(length + 2, "x");
  const span = { from: 2, count: length };
  expect(host.squaredNorm(block(x), span)).toBe(reference.squaredNorm(x, span));
  expect(host.squaredNorm(block(x), span)).toBeCloseTo(
    x.subarray(2).reduce((sum, value) => sum + value ** 2, 0),
    9,
  );
});

test("the squared norm does not overflow float32", () => {
  const { host, block } = createBlocks();
  expect(host.squaredNorm(block(new Float32Array(16).fill(1e30)), { from: 0, count: 16 })).toBeCloseTo(16e60, -54);
});

test.each(lengths)("axpy, ema, SGD and AdamW over %i values equal the reference", (length) => {
  const { host, block } = createBlocks();
  const x = normals(length, "x");
  const y = normals(length, "y");
  const second = normals(length, "v").map(Math.abs);
  const factors = adamwFactors({ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1 }, 3, 0.01, 0.5);
  const whole = { from: 0, count: length };
  const near = (got: WasmBlock, want: Float32Array): void => {
    for (const [i, value] of host.values(got).entries()) {
      expect(Math.abs(value - want[i]!)).toBeLessThanOrEqual(3e-6 * Math.max(1, Math.abs(want[i]!)));
    }
  };

  const axpyWanted = y.slice();
  const axpyGot = block(y);
  reference.axpy(axpyWanted, x, 0.25);
  host.axpy(axpyGot, block(x), 0.25);
  near(axpyGot, axpyWanted);

  const emaWanted = y.slice();
  const emaGot = block(y);
  reference.ema(emaWanted, x, 0.99);
  host.ema(emaGot, block(x), 0.99);
  near(emaGot, emaWanted);

  for (const nesterov of [false, true]) {
    const sgd = { gradientScale: 0.5, weightDecay: 0.1, momentum: 0.9, nesterov, learningRate: 0.01 };
    const wanted = { p: y.slice(), u: second.slice() };
    const got = { p: block(y), u: block(second) };
    reference.sgd(wanted.p, x, wanted.u, sgd);
    host.sgd(got.p, block(x), got.u, sgd);
    near(got.p, wanted.p);
    near(got.u, wanted.u);
  }
  const plain = { gradientScale: 1, weightDecay: 0, momentum: 0, nesterov: false, learningRate: 0.5 };
  const plainGot = block(y);
  host.sgd(plainGot, block(x), undefined, plain);
  near(
    plainGot,
    y.map((value, i) => value - 0.5 * x[i]!),
  );

  const wanted = { p: y.slice(), m: x.slice(), v: second.slice() };
  const got = { p: block(y), m: block(x), v: block(second) };
  const gradient = normals(length, "g");
  reference.adamw(wanted.p, gradient, wanted.m, wanted.v, whole, factors);
  host.adamw(got.p, block(gradient), got.m, got.v, whole, factors);
  near(got.p, wanted.p);
  near(got.m, wanted.m);
  near(got.v, wanted.v);
});

test("AdamW over a span leaves its neighbours alone", () => {
  const { host, block } = createBlocks();
  const p = block(new Float32Array(12).fill(1));
  const [m, v] = [block(new Float32Array(12)), block(new Float32Array(12))];
  const factors = adamwFactors({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }, 1, 0.5, 1);
  host.adamw(p, block(new Float32Array(12).fill(2)), m, v, { from: 3, count: 6 }, factors);
  expect([...host.values(p)]).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1]);
});

test.each([1, 4, 6, 32, 70])(
  "products and row gradients of width %i equal the reference, plain sums to the bit",
  (width) => {
    const { host, block } = createBlocks();
    const rows = 13;
    const ids = integers(80, rows, "ids");
    const offsets = Int32Array.of(0, 5, 5, 6, 70, 80);
    const table = normals(rows * width, "table");
    const dy = normals(5 * width, "dy");
    const { byBag, byRow, rows: named } = bagMatrix(ids, offsets, rows);

    const means = host.allocate(5 * width);
    host.values(means).fill(Number.NaN);
    host.sparseProduct(byBag, block(table), width, means);
    for (let bag = 0; bag < 5; bag++) {
      const members = ids.subarray(offsets[bag], offsets[bag + 1]);
      for (let i = 0; i < width; i++) {
        const mean = members.reduce((sum, id) => sum + table[id * width + i]! / members.length, 0);
        expect(host.values(means)[bag * width + i]).toBeCloseTo(mean, 5);
      }
    }
    const single = ids[5]!;
    expect(host.values(means).slice(2 * width, 3 * width)).toEqual(table.slice(single * width, (single + 1) * width));

    const start = normals(rows * width, "gradient");
    const wanted = start.slice();
    const got = block(start);
    reference.scatterAddRows(wanted, ids.subarray(0, 5), width, dy);
    host.scatterAddRows(got, ids.subarray(0, 5), width, block(dy));
    expect(host.values(got)).toEqual(wanted);

    // Rows that are fresh lose what was there, were it a NaN.
    const fresh = Uint8Array.from(named, (row) => row % 2);
    for (const [i, row] of named.entries()) if (fresh[i] === 1) host.values(got)[row * width] = Number.NaN;
    for (const [i, row] of named.entries()) if (fresh[i] === 1) wanted.fill(0, row * width, (row + 1) * width);
    for (let bag = 0; bag < 5; bag++) {
      const members = ids.subarray(offsets[bag], offsets[bag + 1]);
      for (const id of members)
        for (let i = 0; i < width; i++) wanted[id * width + i]! += dy[bag * width + i]! / members.length;
    }
    const squares = new Float64Array(named.length);
    host.sparseProduct(byRow, block(dy), width, got, { ids: named, fresh, squares });
    for (const [i, row] of named.entries())
      expect(squares[i]).toBe(host.squaredNorm(got, { from: row * width, count: width }));
    for (const [i, value] of host.values(got).entries()) expect(value).toBeCloseTo(wanted[i]!, 4);
  },
);

test("a bag's repeated ids are one entry, and no row is named that no bag has", () => {
  const matrix = bagMatrix(Int32Array.of(4, 1, 4, 4, 1, 7), Int32Array.of(0, 4, 4, 6), 9);
  expect(matrix).toEqual({
    byBag: {
      starts: Int32Array.of(0, 2, 2, 4),
      ids: Int32Array.of(4, 1, 1, 7),
      weights: Float64Array.of(0.75, 0.25, 0.5, 0.5),
    },
    byRow: {
      starts: Int32Array.of(0, 2, 3, 4),
      ids: Int32Array.of(0, 2, 0, 2),
      weights: Float64Array.of(0.25, 0.5, 0.75, 0.5),
    },
    rows: Int32Array.of(1, 4, 7),
  });
});

test("the kernels make the same matrix of bags", () => {
  const { host } = createBlocks();
  const used = host.used();
  for (const [bags, most, rows] of [
    [0, 1, 3],
    [1, 1, 1],
    [7, 0, 4],
    [40, 90, 50],
  ] as const) {
    const sizes = integers(bags, most + 1, "sizes", bags);
    const offsets = Int32Array.from([0, ...sizes]);
    for (let bag = 0; bag < bags; bag++) offsets[bag + 1]! += offsets[bag]!;
    const ids = integers(offsets[bags]!, rows, "members", bags);
    const { byBag, byRow, rows: named } = bagMatrix(ids, offsets, rows);
    expect(host.bagMatrix(ids, offsets, rows)).toEqual({
      byBag: { ...byBag, weights: Float32Array.from(byBag.weights) },
      byRow: { ...byRow, weights: Float32Array.from(byRow.weights) },
      rows: named,
    });
  }
  expect(host.used()).toBe(used);
});

test.each([[[]], [[0]], [[0, 1, 4, 9, 10]], [[3, 10]], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]])(
  "AdamW and the norm over a table with gradients in the rows %j never look at the others",
  (named) => {
    const [rows, width] = [11, 5];
    const { host, block } = createBlocks();
    const [p, m, g] = ["p", "m", "g"].map((name) => normals(rows * width, name)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const v = normals(rows * width, "v").map(Math.abs);
    const ids = Int32Array.from(named);
    const whole = new Float32Array(rows * width);
    const holed = new Float32Array(rows * width).fill(Number.NaN);
    for (const row of named)
      for (const to of [whole, holed]) to.set(g.subarray(row * width, (row + 1) * width), row * width);
    const factors = adamwFactors({ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1 }, 3, 0.01, 0.5);
    const run = (dense: boolean) => {
      const blocks = { p: block(p), m: block(m), v: block(v) };
      if (dense) host.adamw(blocks.p, block(whole), blocks.m, blocks.v, { from: 0, count: rows * width }, factors);
      else host.adamwTable(blocks.p, block(holed), blocks.m, blocks.v, { ids, width }, factors);
      return Object.values(blocks).map((one) => host.values(one).slice());
    };
    expect(run(false)).toEqual(run(true));
    const other = [p.slice(), m.slice(), v.slice()] as const;
    reference.adamwTable(other[0], holed, other[1], other[2], { ids, width }, factors);
    run(false).forEach((values, i) => {
      for (const [at, value] of values.entries()) expect(value).toBeCloseTo(other[i]![at]!, 5);
    });
    const squares = whole.reduce((sum, value) => sum + value ** 2, 0);
    expect(host.squaredNormRows(block(holed), { ids, width })).toBeCloseTo(squares, 9);
    expect(reference.squaredNormRows(holed, { ids, width })).toBe(host.squaredNormRows(block(holed), { ids, width }));
  },
);

test("rows of a large table have the same bytes on any number of threads, and onnxruntime can have them back", () => {
  const [rows, width, bags] = [5000, 64, 40];
  const table = normals(rows * width, "large table");
  const dy = normals(bags * width, "large dy");
  const offsets = Int32Array.from({ length: bags + 1 }, (_, bag) => bag * bag);
  const ids = integers(bags * bags, rows / 2, "large ids");
  const { byBag, byRow, rows: named } = bagMatrix(ids, offsets, rows);
  const factors = adamwFactors({ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0 }, 3, 0.01, 0.5);
  const run = (threads: number) => {
    const host = createWasmHost({ threads });
    const [means, from] = [host.allocate(bags * width), host.allocate(bags * width)];
    host.values(from).set(dy);
    const [p, g, m, v] = [1, 2, 3, 4].map(() => host.allocate(rows * width)) as [
      WasmBlock,
      WasmBlock,
      WasmBlock,
      WasmBlock,
    ];
    host.values(p).set(table);
    const used = host.used();
    const norms = [1, 2].map(() => {
      host.sparseProduct(byBag, p, width, means);
      const targets = {
        ids: named,
        fresh: new Uint8Array(named.length).fill(1),
        squares: new Float64Array(named.length),
      };
      host.sparseProduct(byRow, from, width, g, targets);
      host.adamwTable(p, g, m, v, { ids: named, width }, factors);
      return host.squaredNormRows(g, { ids: named, width });
    });
    const moved = [p, g, m, v].filter((block) => host.values(block).buffer instanceof SharedArrayBuffer).length;
    const results = [means, p, g, m, v].map((block) => fingerprintOf(host.unshared(block)));
    expect(host.used()).toBe(used);
    return { moved, norms, results };
  };
  const alone = run(1);
  expect(alone.moved).toBe(0);
  for (const threads of [2, 3]) expect(run(threads)).toEqual({ ...alone, moved: 4 });
});

test("a table that rests is skipped only where nothing would move", () => {
  const rows = 4;
  const run = (weightDecay: number, moments: number[]) => {
    const { host, block } = createBlocks();
    const p = block(new Float32Array(rows * 4).fill(1));
    const [m, v] = [block(new Float32Array(rows * 4)), block(new Float32Array(rows * 4))];
    host.values(m).set(moments);
    const factors = adamwFactors({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay }, 1, 0.5, 1);
    const gradient = block(new Float32Array(rows * 4).fill(Number.NaN));
    host.adamwTable(p, gradient, m, v, { ids: Int32Array.of(), width: 4 }, factors);
    return [...host.values(p)].map((value) => value !== 1);
  };
  expect(run(0, [])).not.toContain(true);
  expect(run(0.1, [])).not.toContain(false);
  // One moment of a vector that is not zero: that value moves.
  expect(run(0, [0, 1e-3]).indexOf(true)).toBe(1);
});

test("a dropout mask is the same in WebAssembly and in TypeScript, at any length", () => {
  const host = createWasmHost();
  for (const length of [1, 15, 16, 17, 1003]) {
    const key = maskKey({ seed: 3, step: length, microBatch: 1, path: "layer.0" });
    const threshold = maskThreshold(0.1);
    const block = host.allocate(Math.ceil(length / 16) * 4);
    host.fillMask(block, length, key, threshold);
    expect(host.bytes(block).slice(0, length)).toEqual(dropoutMask(length, key, threshold));
  }
});

test("every neighbour of a mask's source gives another mask", () => {
  const source = { seed: 3, step: 5, microBatch: 0, path: "layer.0" };
  const mask = (changed: object): string =>
    dropoutMask(256, maskKey({ ...source, ...changed }), maskThreshold(0.5)).join("");
  const masks = [{}, { seed: 4 }, { step: 6 }, { microBatch: 1 }, { path: "layer.1" }].map(mask);
  expect(new Set(masks).size).toBe(5);
  expect(mask({})).toBe(masks[0]);
});

test.each([0, 0.1, 0.5, 0.9])("a rate of %f drops the nearest 1/256, evenly and without correlation", (rate) => {
  const count = 1 << 20;
  const threshold = maskThreshold(rate);
  expect(threshold).toBe(Math.round(rate * 256));
  const mask = dropoutMask(count, maskKey({ seed: 1, step: 2, microBatch: 3, path: "x" }), threshold);
  const dropped = threshold / 256;
  const bound = (n: number): number => 5 * Math.sqrt((dropped * (1 - dropped)) / n);
  for (let lane = 0; lane < 4; lane++) {
    let kept = 0;
    for (let i = lane; i < count; i += 4) kept += mask[i]!;
    expect(Math.abs(kept / (count / 4) - (1 - dropped))).toBeLessThanOrEqual(bound(count / 4));
  }
  for (const lag of [1, 2, 3, 4, 5, 16, 384]) {
    let both = 0;
    for (let i = lag; i < count; i++) both += mask[i]! & mask[i - lag]!;
    expect(Math.abs(both / (count - lag) - (1 - dropped) ** 2)).toBeLessThanOrEqual(2 * bound(count));
  }
});
