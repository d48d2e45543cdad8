import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openVectorCache, type VectorKey } from "#nearmiss/encode/vector-cache.js";
import { temporaryFolder } from "../checkpoint/small.js";

const root = temporaryFolder();
let count = 0;
const fresh = () => join(root, `${count++}`);
const key: VectorKey = { fingerprint: "sha256:1", prompt: "", engine: "onnxruntime" };

/** A stand-in for a model: the vector of a text is its length and the given number. Notes what it was asked for. */
function spy(number = 0) {
  const asked: string[][] = [];
  const encode = async (texts: readonly string[]) => {
    asked.push([...texts]);
    return {
      data: Float32Array.from(texts.flatMap((text) => [text.length, number])),
      rows: texts.length,
      dimension: 2,
    };
  };
  return { asked, encode };
}

/** Paths of a cache's files. */
const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

test("what was encoded once is not encoded again, by this cache or another over the folder", async () => {
  const folder = fresh();
  const { asked, encode } = spy();
  const cache = openVectorCache(folder);
  const first = await cache.through(key, ["a", "bbb", ""], 2, encode);
  expect(first).toEqual({ data: Float32Array.of(1, 0, 3, 0, 0, 0), rows: 3, dimension: 2 });
  expect(await cache.through(key, ["", "bbb"], 2, encode)).toMatchObject({ data: Float32Array.of(0, 0, 3, 0) });
  expect(await openVectorCache(folder).through(key, ["bbb", "a"], 2, encode)).toMatchObject({
    data: Float32Array.of(3, 0, 1, 0),
  });
  expect(asked).toEqual([["a", "bbb", ""]]);
  expect((await cache.through(key, ["a", "dddd", "bbb"], 2, encode)).data).toEqual(Float32Array.of(1, 0, 4, 0, 3, 0));
  expect(asked[1]).toEqual(["dddd"]);
  expect(asked.length).toBe(2);
});

test("other weights, another prompt, engine or text are others", async () => {
  const cache = openVectorCache(fresh());
  await cache.through(key, ["a"], 2, spy(0).encode);
  const variants: [Partial<VectorKey>, string][] = [
    [{ fingerprint: "sha256:2" }, "a"],
    [{ prompt: "query: " }, "a"],
    [{ engine: "interpreter" }, "a"],
    [{}, "a "],
  ];
  for (const [change, text] of variants) {
    const { asked, encode } = spy(7);
    expect((await cache.through({ ...key, ...change }, [text], 2, encode)).data[1]).toBe(7);
    expect(asked).toEqual([[text]]);
  }
});

test.each<[string, (bytes: Buffer) => Uint8Array]>([
  ["emptied", () => Buffer.alloc(0)],
  ["cut by a vector", (bytes) => bytes.subarray(0, -8)],
  // Without a checksum this would pass for a file of one row less.
  ["cut by a row", (bytes) => bytes.subarray(0, -24)],
  ["with a bit flipped in a vector", (bytes) => Buffer.from(bytes).fill(bytes.at(-1)! ^ 1, bytes.length - 1)],
  ["with a bit flipped in a hash", (bytes) => Buffer.from(bytes).fill(bytes[40]! ^ 1, 40, 41)],
  ["of another form", (bytes) => Buffer.from("x".repeat(bytes.length))],
])("a file that was %s is not believed, and is mended", async (_, damage) => {
  const folder = fresh();
  await openVectorCache(folder).through(key, ["a", "bbb", "cc"], 2, spy().encode);
  const [file] = files(folder) as [string];
  const bytes = readFileSync(file);
  writeFileSync(file, damage(bytes));
  const { asked, encode } = spy();
  const cache = openVectorCache(folder);
  expect((await cache.through(key, ["a", "bbb", "cc"], 2, encode)).data).toEqual(Float32Array.of(1, 0, 3, 0, 2, 0));
  expect(asked).toEqual([["a", "bbb", "cc"]]);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  await cache.through(key, ["cc", "a"], 2, encode);
  expect(asked.length).toBe(1);
});

test("a cache that is emptied under a running process is filled again", async () => {
  const folder = fresh();
  const { asked, encode } = spy();
  const cache = openVectorCache(folder);
  await cache.through(key, ["a"], 2, encode);
  rmSync(folder, { recursive: true });
  expect((await cache.through(key, ["a"], 2, encode)).data).toEqual(Float32Array.of(1, 0));
  expect((await cache.through(key, ["a"], 2, encode)).data).toEqual(Float32Array.of(1, 0));
  expect(asked.length).toBe(2);
});

test("processes share a cache", async () => {
  const folder = fresh();
  const module = new URL("../../dist/encode/vector-cache.js", import.meta.url);
  const script = `
    const { openVectorCache } = await import(${JSON.stringify(module.href)});
    const cache = openVectorCache(process.argv[1]);
    let asked = 0;
    const encode = async (texts) => {
      asked += texts.length;
      return { data: Float32Array.from(texts.flatMap((text) => [text.length, Number(text.slice(1))])), rows: texts.length, dimension: 2 };
    };
    for (let round = 0; round < 30; round++) {
      const texts = Array.from({ length: 20 }, (_, i) => "t" + (round * 10 + i));
      const { data } = await cache.through(${JSON.stringify(key)}, texts, 2, encode);
      texts.forEach((text, i) => {
        if (data[2 * i] !== text.length || data[2 * i + 1] !== Number(text.slice(1))) throw new Error(text);
      });
    }
    console.log(asked);`;
  const start = () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, folder], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
    });
  await Promise.all([start(), start()]);
  expect((await start()).stdout.trim()).toBe("0");
});
