import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Dataset } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { describeData } from "#nearmiss/data/describe.js";
import { loadDataset } from "#nearmiss/data/load.js";
import { folderWith } from "./folder.js";

async function read<K extends "interactions" | "triples">(
  kind: K,
  path: string,
  columns: Readonly<Record<string, string>> = {},
) {
  const warnings = collectWarnings();
  const data = await loadDataset(path, { columns, warnings });
  if (data.kind !== kind) throw new Error(`${path} is ${data.kind}`);
  const counted = Object.fromEntries(warnings.list().map(({ code, count }) => [code, count]));
  return { data: data as Extract<Dataset, { kind: K }>, counted };
}

describe("interactions", () => {
  test("a table of users, items, values and times, and another of items", async () => {
    const folder = folderWith({
      "ratings.csv.gz":
        "userId,movieId,rating,timestamp\nconstructor,1,4.5,100\nconstructor,2,1,2020-01-01\n__proto__,1,3,5\n__proto__,1,3,6\n__proto__,9,3,6\n",
      "movies.csv": 'movieId,title,genres\n1,"Toys, the film",Fun|Play\n2,Other,\n3,Unseen,Fun\n',
      "links.csv": "movieId,imdbId\n1,2\n",
    });
    const { data, counted } = await read("interactions", folder);
    expect(data.items.get("1")).toEqual({ id: "1", title: "Toys, the film", text: "Toys, the film Fun Play" });
    expect(data.items.get("9")).toEqual({ id: "9", text: "9" });
    expect(data.items.size).toBe(4);
    expect(data.splits.get("train")?.get("constructor")).toEqual([
      { item: "1", value: 4.5, time: 100 },
      { item: "2", value: 1, time: 1577836800 },
    ]);
    expect(counted).toEqual({ "repeated-interactions": 1, "items-without-text": 1 });
    expect(describeData(data)).toBe(
      `${folder}: CSV of interactions (userId, movieId), 4 items\n  train: 2 users, 5 interactions`,
    );
  });

  test("files of splits, columns that are named, and what stands in two splits", async () => {
    const files = { "train.tsv": "who\twhat\na\tx\na\ty\n", "test.tsv": "who\twhat\na\ty\nb\tx\n" };
    const { data, counted } = await read("interactions", folderWith(files), { user: "who", item: "what" });
    expect([...data.splits.keys()]).toEqual(["test", "train"]);
    expect(
      data.splits
        .get("train")
        ?.get("a")
        ?.map(({ value }) => value),
    ).toEqual([1, 1]);
    expect(counted).toEqual({ "shared-interactions": 1 });
  });

  test("LightGCN's lines; a user without items stays", async () => {
    const { data } = await read(
      "interactions",
      folderWith({ "train.txt": "0 5 6\n1 5 \n", "test.txt.gz": "0 7\n1\n" }),
    );
    expect([...data.items.keys()]).toEqual(["7", "5", "6"]);
    expect(data.splits.get("test")?.get("1")).toEqual([]);
    const folder = folderWith({ "train.txt": "0 5 6\n1 five\n" });
    await expect(loadDataset(folder)).rejects.toMatchObject({
      code: "malformed-line",
      detail: { file: join(folder, "train.txt"), line: 2, found: "five" },
    });
  });

  test.each([
    ["user,item,rating\na,x,good\n", { code: "invalid-field", detail: { line: 2, field: "rating", found: '"good"' } }],
    ["user,item\na,x\n,x\n", { code: "invalid-field", detail: { line: 3, field: "user", found: "a blank text" } }],
    ["user,item,time\na,x,2020-13-45\n", { code: "invalid-field", detail: { line: 2, field: "time" } }],
  ])("%j is answered with its place", async (text, error) => {
    await expect(loadDataset(join(folderWith({ "a.csv": text }), "a.csv"))).rejects.toMatchObject(error);
  });
});

describe("triples", () => {
  test("files without header, texts beside, and what is counted", async () => {
    const folder = folderWith({
      "train.tsv": "a\tis\tb\nb\tis\tconstructor\na\tis\tb\n",
      "valid.tsv": "a\tis\tb\n",
      "test.tsv.gz": "a\thas\tz\n",
      "entities.tsv.gz": "a\tan a\nb\n__proto__\tunused\nconstructor\tone who builds\n",
      "relations.tsv": "is\tis a kind of\n",
    });
    const { data, counted } = await read("triples", folder);
    expect([...data.entities.values()].map(({ id, text }) => [id, text])).toEqual([
      ["a", "an a"],
      ["b", "b"],
      ["__proto__", "unused"],
      ["constructor", "one who builds"],
      ["z", "z"],
    ]);
    expect([...data.relations.values()].map(({ text }) => text)).toEqual(["is a kind of", "has"]);
    expect(data.splits.get("train")?.[1]).toEqual({ head: "b", relation: "is", tail: "constructor" });
    expect(counted).toEqual({
      "repeated-triples": 1,
      "shared-triples": 1,
      "unseen-entities": 1,
      "entities-without-text": 1,
    });
  });

  test("without texts beside, a relation that comes again tells triples from a header", async () => {
    const graph = folderWith({ "train.txt": "a\tis\tb\nc\tis\td\n", "test.txt": "a\tis\td\n" });
    expect((await read("triples", graph)).data.entities.size).toBe(4);
    const table = folderWith({ "train.tsv": "q\ta\tx\none\ttwo\tthree\n" });
    await expect(loadDataset(table)).rejects.toMatchObject({ code: "unknown-column" });
  });

  test("a table with a header of its own", async () => {
    const folder = folderWith({ "g.csv": "head,relation,tail\na,is,b\n" });
    expect((await read("triples", join(folder, "g.csv"))).data.splits.get("train")).toHaveLength(1);
  });

  test("a line that is no triple is named", async () => {
    const folder = folderWith({ "train.tsv": "a\tis\tb\nb\tis\n", "entities.tsv": "a\tx\n" });
    await expect(loadDataset(folder)).rejects.toMatchObject({
      code: "malformed-line",
      detail: { file: join(folder, "train.tsv"), line: 2, found: "2 fields" },
    });
  });
});
