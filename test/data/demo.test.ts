import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { RetrievalData } from "#nearmiss/base/types.js";
import { readDeclarations } from "#nearmiss/data/demo.js";
import { packagesAround } from "#nearmiss/data/demo-packages.js";
import { searchRequest } from "#nearmiss/data/demo-sentence.js";
import { splitGroups } from "#nearmiss/data/demo-splits.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const requestOf = (comment: string, ...path: string[]) =>
  searchRequest({ kind: "method", module: null, path, comment, signature: "", body: "", exported: true, line: 1 });

test("a request neither names the symbol nor what encloses it", () => {
  expect(requestOf("/** Gives back the bytes of a file. More. */", "Disk", "read")).toBe(
    "Gives back the bytes of a file",
  );
  expect(requestOf("/** Reads the bytes of a file. */", "Disk", "read")).toBeNull();
  expect(requestOf("/** Sets the flex-flow of a long box. */", "Style", "flexFlow")).toBeNull();
  expect(requestOf("/** Gives the length of the disk. */", "Disk", "size")).toBe("Gives the length of the disk");
  expect(requestOf("/** Gives the length of a dirent entry. */", "Dirent", "size")).toBeNull();
  expect(requestOf("/** Add one to it now. */", "add")).toBe("Add one to it now");
});

test("boilerplate, deprecated and short sentences are no requests", () => {
  for (const sentence of [
    "Too short.",
    "See the other one there.",
    "Default: five or six things.",
    "@deprecated It is old by now.",
  ]) {
    expect(requestOf(`/** ${sentence} */`, "x"), sentence).toBeNull();
  }
  expect(requestOf("/** It is old by now.\n * @deprecated */", "x")).toBeNull();
  expect(requestOf(`/** ${"word ".repeat(41)}. */`, "x")).toBeNull();
});

test("groups that share a request are never parted, whatever their order", () => {
  const groups = Array.from({ length: 400 }, (_, i) =>
    i % 5 === 0 ? [`g${i % 97}`, `g${(i + 5) % 97}`] : [`h${i % 89}`],
  );
  const splits = splitGroups(groups);
  const splitOf = new Map<string, Set<string>>();
  groups.forEach((names, i) => {
    for (const name of names) splitOf.set(name, (splitOf.get(name) ?? new Set()).add(splits[i]!));
  });
  for (const [name, found] of splitOf) expect(found.size, name).toBe(1);
  const share = (name: string) => splits.filter((split) => split === name).length / splits.length;
  expect(share("test")).toBeGreaterThanOrEqual(0.15);
  expect(share("test")).toBeLessThan(0.21);
  expect(share("dev")).toBeGreaterThanOrEqual(0.1);
  expect(share("dev")).toBeLessThan(0.16);
  const turned = groups.map((_, i) => groups[groups.length - 1 - i]!);
  expect(splitGroups(turned).reverse()).toEqual(splits);
});

describe("declarations of installed packages", () => {
  const numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
  const spell = (n: number) => [...String(n)].map((digit) => numbers[Number(digit)]).join(" ");
  const interfaces = Array.from({ length: 130 }, (_, i) => {
    const members = Array.from(
      { length: 5 },
      (_, j) => `/** Gives the thing called ${spell(i * 5 + j)}. */ m${j}(): void;`,
    );
    return `/** The kind with the number ${spell(i)}. */ interface I${i} { ${members.join(" ")} }`;
  });
  write("node_modules/plenty/index.d.ts", interfaces.join("\n"));
  write("node_modules/plenty/again.d.ts", interfaces.slice(0, 3).join("\n"));
  write(
    "node_modules/plenty/node_modules/inner/index.d.ts",
    "/** Never read this one here. */ declare const inner: 1;",
  );
  write("node_modules/little/index.d.ts", "/** Only a little of it. */ export declare function some(): void;");

  test("give requests and documents, with whole interfaces held out", async () => {
    const data = await readDeclarations({ root: folder, packages: ["plenty", "absent"] });
    expect(data.queries.size).toBe(130 * 6);
    expect(data.documents.size).toBe(130 * 6);
    expect(data.documents.get("plenty#I7.m2")?.text).toBe("I7 m2 m2(): void");
    const splitsOf = new Map<string, Set<string>>();
    for (const { name, judgements } of data.splits.values()) {
      for (const documents of judgements.values()) {
        for (const id of documents.keys()) {
          const group = /#(I\d+)/.exec(id)![1]!;
          splitsOf.set(group, (splitsOf.get(group) ?? new Set()).add(name));
        }
      }
    }
    expect([...splitsOf.values()].every((names) => names.size === 1)).toBe(true);
    expect([...data.splits.keys()].sort()).toEqual(["dev", "test", "train"]);
  });

  test("are the same each time and below a folder of the project", async () => {
    mkdirSync(join(folder, "inner/most"), { recursive: true });
    const one = await readDeclarations({ root: folder, packages: ["plenty"] });
    const two = await readDeclarations({ root: join(folder, "inner/most"), packages: ["plenty"] });
    expect(two.fingerprint).toBe(one.fingerprint);
  });

  test("are refused where there are too few, with what to install", async () => {
    await expect(readDeclarations({ root: folder, packages: ["little"] })).rejects.toThrow(
      /found: 1 in little; expected: at least 500; npm install -D typescript@6 @types\/node/,
    );
  });

  test("of a user's project are those of the fixed list and its own", () => {
    write("package.json", JSON.stringify({ name: "theirs", devDependencies: { "their-tool": "1", zod: "4" } }));
    const packages = packagesAround(folder);
    expect(packages.at(-1)).toBe("their-tool");
    expect(packages.filter((name) => name === "zod").length).toBe(1);
    expect(packagesAround(join(folder, "node_modules"))).toEqual(packages.slice(0, -1));
  });
});

test("the demo's own data are plentiful and plain", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const data: RetrievalData = await readDeclarations({ root });
  expect(data.queries.size).toBeGreaterThan(4_500);
  expect(data.documents.size).toBeGreaterThan(5_000);
  expect(data.splits.get("test")!.judgements.size).toBeGreaterThan(600);
  const splitOf = new Map<string, string>();
  for (const { name, judgements } of data.splits.values()) {
    for (const id of [...judgements.values()].flatMap((documents) => [...documents.keys()])) {
      expect(splitOf.get(id) ?? name, id).toBe(name);
      splitOf.set(id, name);
    }
  }
  for (const { text } of data.queries.values()) {
    expect(text, text).not.toMatch(/@(?:param|returns?|see|deprecated|example)\b|MDN Reference|https?:|\{@|\*\*|`|\n/u);
    expect(text.split(" ").length, text).toBeGreaterThan(3);
  }
});
