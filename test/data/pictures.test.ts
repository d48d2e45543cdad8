import { existsSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { LabelledData } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadDataset } from "#nearmiss/data/load.js";
import { writeNpy } from "#nearmiss/data/vectors.js";
import { folderWith, sharedData } from "./folder.js";

async function read(path: string, options: { picture?: { height: number; width: number } } = {}) {
  const warnings = collectWarnings();
  const data = await loadDataset(path, { ...options, warnings });
  if (data.kind !== "labelled") throw new Error(`${path} is ${data.kind}`);
  return { data, warnings: warnings.list() };
}

const labelsOf = (data: LabelledData) => [...data.items.values()].map(({ id, labels }) => [id, ...labels]);

/** An idx file: two zero bytes, the type, the number of axes, sizes, values. */
function idx(shape: readonly number[], values: readonly number[]): Buffer {
  const sizes = shape.flatMap((size) => [0, 0, size >> 8, size & 255]);
  return Buffer.from([0, 0, 8, shape.length, ...sizes, ...values]);
}

describe("idx files", () => {
  const images = idx([3, 1, 2], [1, 2, 3, 4, 5, 6]);
  const labels = idx([3], [0, 1, 0]);

  test("MNIST's names, gzipped or not; the prefix is the split", async () => {
    const folder = folderWith({
      "train-images-idx3-ubyte": images,
      "train-labels-idx1-ubyte.gz": labels,
      "t10k-images.idx3-ubyte": idx([1, 1, 2], [7, 8]),
      "t10k-labels.idx1-ubyte": idx([1], [9]),
    });
    const { data } = await read(folder);
    expect(labelsOf(data)).toEqual([
      ["test/0", "9"],
      ["train/0", "0"],
      ["train/1", "1"],
      ["train/2", "0"],
    ]);
    expect([...(data.items.get("train/1")?.pixels ?? [])]).toEqual([3, 4]);
    expect(data.picture).toEqual({ height: 1, width: 2, channels: 1 });
    expect(Object.fromEntries(data.splits)).toEqual({ test: ["test/0"], train: ["train/0", "train/1", "train/2"] });
  });

  test("tables of classes name the labels; a prefix may be asked for; pictures without labels are counted", async () => {
    const folder = folderWith({
      "small1-images-idx3-ubyte": images,
      "small1-labels-idx1-ubyte": labels,
      "small1-classes.tsv": "label\talphabet\tcharacter\n0\tGreek\tc1\n1\tGreek\tc2\n",
      "runs-images-idx3-ubyte": images,
    });
    const { data, warnings } = await read(folder);
    expect(labelsOf(data).map(([, label]) => label)).toEqual(["Greek/c1", "Greek/c2", "Greek/c1"]);
    expect(warnings.map(({ code, count }) => [code, count])).toEqual([["unlabelled-pictures", 1]]);
    const one = await read(join(folder, "small1"));
    expect([[...one.data.splits.keys()], one.warnings]).toEqual([["train"], []]);
  });

  test.each([
    [
      "another type",
      { "train-images-idx3-ubyte": Buffer.from([0, 0, 13, 3, 0, 0, 0, 0]) },
      "invalid-idx",
      "train-images-idx3-ubyte",
      "first bytes 00000d03",
    ],
    [
      "values that are missing",
      { "train-images-idx3-ubyte": images.subarray(0, 18) },
      "invalid-idx",
      "train-images-idx3-ubyte",
      "2 values",
    ],
    [
      "labels that are missing",
      { "train-labels-idx1-ubyte": idx([2], [0, 1]) },
      "invalid-idx",
      "train-labels-idx1-ubyte",
      "2 labels",
    ],
    ["a class without a name", { "classes.txt": "zero\n" }, "invalid-field", "train-labels-idx1-ubyte", "1"],
    [
      "pictures of another size",
      { "x-images-idx3-ubyte": idx([1, 1, 1], [0]), "x-labels-idx1-ubyte": idx([1], [0]) },
      "wrong-shape",
      "x-images-idx3-ubyte",
      "1 × 1 × 1",
    ],
  ])("%s", async (_what, files, code, file, found) => {
    const folder = folderWith({ "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels, ...files });
    await expect(loadDataset(folder)).rejects.toMatchObject({ code, detail: { file: join(folder, file), found } });
  });
});

test("CIFAR's planes become pixels with their channels together", async () => {
  const record = (label: number) =>
    Buffer.from([label, ...Array.from({ length: 3072 }, (_, i) => (i >> 10) * 100 + ((i % 1024) % 50))]);
  const folder = folderWith({
    "data_batch_1.bin.gz": Buffer.concat([record(1), record(0)]),
    "data_batch_2.bin": record(1),
    "test_batch.bin": record(0),
    "batches.meta.txt": "plane\ncar\n",
  });
  const { data } = await read(folder);
  expect(labelsOf(data)).toEqual([
    ["train/0", "car"],
    ["train/1", "plane"],
    ["train/2", "car"],
    ["test/0", "plane"],
  ]);
  expect([...(data.items.get("train/0")?.pixels?.subarray(0, 6) ?? [])]).toEqual([0, 100, 200, 1, 101, 201]);
  const cut = folderWith({ "train.bin": record(1).subarray(1) });
  await expect(loadDataset(cut)).rejects.toMatchObject({ code: "invalid-cifar", detail: { found: "3072 bytes" } });
});

describe("class folders of pictures", () => {
  const plain = (width: number, height: number, rgb: readonly [number, number, number]) =>
    sharp({ create: { width, height, channels: 3, background: { r: rgb[0], g: rgb[1], b: rgb[2] } } })
      .png()
      .toBuffer();

  test("the folder is the class; other sizes are scaled to the most frequent one and counted", async () => {
    const folder = folderWith({
      "red/a.png": await plain(4, 2, [255, 0, 0]),
      "red/deep/b.png": await plain(4, 2, [250, 0, 0]),
      "__proto__/c.png": await plain(8, 8, [0, 0, 255]),
      "__proto__/notes.txt": "not a picture",
      ".hidden/d.png": "no picture either",
    });
    const { data, warnings } = await read(folder);
    expect(labelsOf(data)).toEqual([
      ["__proto__/c.png", "__proto__"],
      ["red/a.png", "red"],
      ["red/deep/b.png", "red"],
    ]);
    expect(data.picture).toEqual({ height: 2, width: 4, channels: 3 });
    expect([...(data.items.get("red/a.png")?.pixels ?? [])].slice(0, 6)).toEqual([255, 0, 0, 255, 0, 0]);
    expect([...(data.items.get("__proto__/c.png")?.pixels ?? [])]).toEqual(
      Array.from({ length: 8 }, () => [0, 0, 255]).flat(),
    );
    expect(warnings.map(({ code, count }) => [code, count])).toEqual([["scaled-pictures", 1]]);
    const chosen = await read(folder, { picture: { height: 3, width: 3 } });
    expect([chosen.data.picture, chosen.warnings[0]?.count]).toEqual([{ height: 3, width: 3, channels: 3 }, 3]);
  });

  test("splits above the classes; grey pictures have one channel; transparency is white", async () => {
    const grey = await sharp(Buffer.from([0, 128]), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const clear = await sharp(Buffer.from([10, 20, 30, 0, 10, 20, 30, 255]), {
      raw: { width: 2, height: 1, channels: 4 },
    })
      .png()
      .toBuffer();
    const { data } = await read(folderWith({ "train/a/1.png": grey, "val/a/1.png": grey, "test/b/1.png": grey }));
    expect(data.picture).toEqual({ height: 1, width: 2, channels: 1 });
    expect([...(data.items.get("val/a/1.png")?.pixels ?? [])]).toEqual([0, 128]);
    expect(Object.fromEntries(data.splits)).toEqual({
      dev: ["val/a/1.png"],
      test: ["test/b/1.png"],
      train: ["train/a/1.png"],
    });
    const mixed = await read(folderWith({ "a/1.png": grey, "b/2.png": clear }));
    expect([...(mixed.data.items.get("b/2.png")?.pixels ?? [])]).toEqual([255, 255, 255, 10, 20, 30]);
    expect([...(mixed.data.items.get("a/1.png")?.pixels ?? [])]).toEqual([0, 0, 0, 128, 128, 128]);
  });

  test("a handbook with illustrations is prose, pictures with a page about them are pictures", async () => {
    const png = await plain(2, 2, [0, 0, 0]);
    const shots = { "images/1.png": png, "images/2.png": png, "images/3.png": png };
    expect((await loadDataset(folderWith({ "guide.md": "# Guide\ntext", ...shots }))).kind).toBe("retrieval");
    const two = { "a.md": "# A\ntext", "b.md": "# B\ntext", "x/1.png": png, ...shots };
    expect((await loadDataset(folderWith(two))).kind).toBe("retrieval");
    const classes = { "README.md": "# About", "cats/1.png": png, "dogs/1.png": png };
    expect((await loadDataset(folderWith(classes))).kind).toBe("labelled");
  });

  test("a file that is no picture is named", async () => {
    const folder = folderWith({ "a/1.png": "no" });
    await expect(loadDataset(folder)).rejects.toMatchObject({
      code: "invalid-picture",
      detail: { file: join(folder, "a/1.png") },
    });
  });
});

describe("vectors with labels", () => {
  const vectors = (rows: readonly (readonly number[])[]) =>
    rows.map((row, i) => ({ id: `v${i}`, vector: Float32Array.from(row) }));
  const int64 = (...values: readonly bigint[]) => {
    const header = `{'descr': '<i8', 'fortran_order': False, 'shape': (${values.length},), }`.padEnd(117);
    return Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
      Buffer.from(`${header}\n`),
      Buffer.from(BigInt64Array.from(values).buffer),
    ]);
  };

  test("labels in lines or as 64-bit numbers, ids where they are", async () => {
    const folder = folderWith({ "train.labels.txt": "a\nb|c\n", "test.labels.npy": int64(9007199254740993n) });
    await writeNpy(
      join(folder, "train.npy"),
      vectors([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      [2, 3],
    );
    await writeNpy(join(folder, "test.npy"), vectors([[7, 8, 9]]), [1, 3]).then(() => undefined);
    const one = await read(join(folder, "train.npy"));
    expect(labelsOf(one.data)).toEqual([
      ["v0", "a"],
      ["v1", "b", "c"],
    ]);
    expect([...(one.data.items.get("v1")?.vector ?? [])]).toEqual([4, 5, 6]);
    const test = await read(join(folder, "test.npy"));
    expect(labelsOf(test.data)).toEqual([["v0", "9007199254740993"]]);
    expect(one.data.format).toBe("vectors of 3 numbers with labels");
  });

  test("what is missing or odd is named", async () => {
    const folder = folderWith({ "b.labels.txt": "a\n", "c.labels.txt": "a\n", "d.npy": "no", "d.labels.txt": "" });
    await writeNpy(join(folder, "a.npy"), vectors([[1]]), [1, 1]);
    await writeNpy(join(folder, "b.npy"), vectors([[1], [2]]), [2, 1]);
    const error = (name: string) => loadDataset(join(folder, name)).catch((thrown: unknown) => thrown);
    expect(await error("a.npy")).toMatchObject({
      code: "missing-input",
      detail: { expected: expect.stringContaining("a.labels.txt") },
    });
    expect(await error("b.npy")).toMatchObject({
      code: "wrong-shape",
      detail: { found: "1 labels", expected: "2 labels" },
    });
    expect(await error("d.npy")).toMatchObject({ code: "invalid-npy" });
  });
});

describe.skipIf(!existsSync(sharedData("mnist")))("public sets", () => {
  test.each([
    ["mnist", { train: [60_000, 10], test: [10_000, 10] }, "28 28 1"],
    ["cifar10-4k", { train: [4_000, 10], test: [1_000, 10] }, "32 32 3"],
    ["fashion-sprite", { train: [900, 10] }, "28 28 1"],
    ["omniglot-small/small1", { train: [2_720, 136] }, "105 105 1"],
    ["omniglot-small/small2", { train: [3_120, 156] }, "105 105 1"],
  ])("%s has the counts of its description", { timeout: 30_000 }, async (name, splits, size) => {
    const { data } = await read(sharedData(name));
    const counts = [...data.splits].map(([split, ids]) => [
      split,
      [ids.length, new Set(ids.flatMap((id) => data.items.get(id)?.labels ?? [])).size],
    ]);
    expect(Object.fromEntries(counts)).toEqual(splits);
    expect(Object.values(data.picture ?? {}).join(" ")).toBe(size);
  });
});
