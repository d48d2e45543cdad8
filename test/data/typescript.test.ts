import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { commentText, firstSentence } from "#nearmiss/data/typescript-comment.js";
import { readDeclarationsOf } from "#nearmiss/data/typescript-declarations.js";
import { loadTypescript } from "#nearmiss/data/typescript-parser.js";
import { clip, splitIdentifiers } from "#nearmiss/data/typescript-words.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-typescript-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tree(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("identifiers are split at case changes", () => {
  const words = (text: string) => splitIdentifiers(text);
  expect(words("readFileSync XMLHttpRequest utf8Decode MAX_SAFE $el")).toBe(
    "read File Sync XML Http Request utf8 Decode MAX SAFE el",
  );
  expect(words("élanVital 读File")).toBe("élan Vital 读File");
  expect(clip("one two three", 100)).toBe("one two three");
  expect(clip("one two three", 12)).toBe("one two thre");
  expect(clip("twelve letters", 9)).toBe("twelve le");
  expect(clip("twelve or so", 10)).toBe("twelve or");
});

test("a comment becomes plain text without tags, links and marks", () => {
  const comment = `/**
   * Reads the \`whole\` file, see {@link fs.open | opening} and [the **guide**](https://example.org/a_(b)).
   * Goes on.
   *
   * - an item
   * @param path where
   * @returns text
   */`;
  const text = commentText(comment);
  expect(firstSentence(text)).toBe("Reads the whole file, see opening and the guide).");
  expect(text).toMatch(/Goes on\.\s+an item$/u);
  expect(commentText("/** [MDN Reference](https://developer.mozilla.org/x) */").trim()).toBe("");
  expect(commentText("/** @deprecated use other */")).toBe("");
  expect(commentText("/** Before.\n * ```ts\n * code()\n * ```\n */").trim()).toBe("Before.");
});

test("abbreviations do not end a sentence, paragraphs and list items do", () => {
  expect(firstSentence("Takes a unit, e.g. seconds, and waits. Then more.")).toBe(
    "Takes a unit, e.g. seconds, and waits.",
  );
  expect(firstSentence("Version 2.0 of it is used! Yes.")).toBe("Version 2.0 of it is used!");
  expect(firstSentence("No stop\n\nNext paragraph.")).toBe("No stop");
  expect(firstSentence("读取文件。 然后关闭。")).toBe("读取文件。");
  expect(firstSentence("")).toBe("");
});

test("declarations have their names, signatures and bodies", () => {
  const source = `
    /** A box. */
    export class Box<T> extends Base {
      /** Holds. */ private held: T;
      /** Takes out. */
      async take(/* inner */ count: number, // how many
        all?: boolean): Promise<T[]> { return []; }
      /** The size. */ get size(): number { return 1; }
      [Symbol.iterator]() {}
    }
    declare module "node:things" {
      namespace Inner { /** Does it. */ function run(url: "http://x"): void; }
      global { /** Spread out. */ var everywhere: number; }
    }
    /** Two. */ const a = 1, b = 2;
    /** A shape. */ interface Shape { /** How wide. */ width: number; /** Draws. */ draw(): void }
    /** Kinds. */ enum Kind { /** The first. */ One = 1 }
    function undocumented() {}
    /* not a doc comment */ function plain() {}
  `;
  const found = readDeclarationsOf(loadTypescript(folder), "x.ts", source);
  const seen = found.map(({ kind, module, path, signature }) => [kind, module, path.join("."), signature]);
  expect(seen).toEqual([
    ["class", null, "Box", "export class Box<T> extends Base"],
    ["method", null, "Box.take", "async take( count: number, all?: boolean): Promise<T[]>"],
    ["property", null, "Box.size", "get size(): number"],
    ["function", "node:things", "Inner.run", 'function run(url: "http://x"): void'],
    ["variable", "node:things", "everywhere", "var everywhere: number"],
    ["variable", null, "a", "const a = 1, b = 2"],
    ["variable", null, "b", "const a = 1, b = 2"],
    ["interface", null, "Shape", "interface Shape"],
    ["property", null, "Shape.width", "width: number"],
    ["method", null, "Shape.draw", "draw(): void"],
    ["enum", null, "Kind", "enum Kind"],
    ["property", null, "Kind.One", "One = 1"],
  ]);
  expect(found[1]).toMatchObject({ body: "{ return []; }", exported: true, line: 6 });
  expect(found.find(({ path }) => path[0] === "Shape")?.exported).toBe(false);
});

test("a code base is read as comments and declarations", async () => {
  const root = tree("base", {
    "src/disk.ts": `
      /** Reads the whole file. Slowly. */
      export function readAll(path: string): string { return openDisk(path); }
      /** Reads the whole file. */
      export function slurp(): void {}
      /** @internal */ export function hidden(): void {}
      /** Not exported. */ const local = 1;
      /** Overloaded one. */ export function over(a: 1): void;
      /** Overloaded two. */ export function over(a: 2): void;
      /** The constructor's own name. */ export function constructor(): void {}
    `,
    "src/types.d.ts": "/** Repeats. */ export declare function repeats(): void;",
    "node_modules/x/index.ts": "/** Foreign. */ export function foreign(): void {}",
    "dist/disk.ts": "/** Built. */ export function built(): void {}",
  });
  const warnings = collectWarnings();
  const data = await loadData(root, { warnings });
  expect(data.format).toBe("TypeScript code base");
  expect([...data.documents.keys()]).toEqual([
    "src/disk.ts#readAll",
    "src/disk.ts#slurp",
    "src/disk.ts#over",
    "src/disk.ts#constructor",
  ]);
  expect(data.documents.get("src/disk.ts#readAll")?.text).toBe(
    "read All export function read All(path: string): string { return open Disk(path); }",
  );
  const pairs = [...data.splits.get("train")!.judgements].map(([query, documents]) => [
    data.queries.get(query)?.text,
    [...documents.keys()].map((id) => id.split("#")[1]),
  ]);
  expect(pairs).toEqual([
    ["Reads the whole file.", ["readAll", "slurp"]],
    ["Overloaded one.", ["over"]],
    ["Overloaded two.", ["over"]],
    ["The constructor's own name.", ["constructor"]],
  ]);
  expect(warnings.list().map(({ code, count }) => [code, count])).toEqual([["empty-comments", 1]]);
});

test("a code base without documented declarations is refused", async () => {
  const root = tree("bare", { "a.ts": "export const a = 1;" });
  await expect(loadData(root)).rejects.toThrow(/no declaration with a doc comment; found: 1 TypeScript files/);
});
