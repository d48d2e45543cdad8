import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { resolveConfig } from "#nearmiss/train/config.js";
import { blocksOf, pages, readPage, root } from "./blocks.js";

describe.each(pages)("%s", (page) => {
  test("links lead to files, and anchors to headings", () => {
    const prose = readPage(page).replace(/^```[\s\S]*?^```$/gm, "");
    for (const [, target = ""] of prose.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : posix.join(dirname(page), path);
      expect(existsSync(join(root, file)), `${page}: ${target}`).toBe(true);
      if (anchor === undefined) continue;
      const anchors = [...readPage(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, "")
          .replaceAll(" ", "-"),
      );
      expect(anchors, `${page}: ${target}`).toContain(anchor);
    }
  });

  test("every block says in what language it is", () => {
    for (const { line, language } of blocksOf(page)) {
      expect(["sh", "ts", "js", "python", "json", "text"], `${page}:${line}`).toContain(language);
    }
  });

  test("JSON blocks are JSON", () => {
    for (const { language, text } of blocksOf(page)) {
      if (language === "json") expect(() => JSON.parse(text)).not.toThrow();
    }
  });
});

test("docs/training.md names every option with its default", () => {
  const text = readPage("docs/training.md");
  for (const [key, value] of Object.entries(resolveConfig({ data: "data" }))) {
    if (key === "data") continue;
    const row = text.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
    expect(row, key).toBeDefined();
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    expect(row, key).toContain(`\`${shown}\``);
  }
});

test("the picture of the README is small", () => {
  const [, path = ""] = /!\[[^\]]*\]\(([^)]+)\)/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  expect(statSync(join(root, path)).size).toBeLessThan(150_000);
});
