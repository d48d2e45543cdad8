import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { blocksOf, pages } from "./blocks.js";
import { readersFolder, runBlock } from "./runner.js";

/** Blocks that need a machine of their own; `.ci/run` has these very commands among its steps. */
const elsewhere = ["npm ci && npm run demo\n", "npm ci && npm test\n", "npm install nearmiss --ignore-scripts\n"];
const runs = ["sh", "ts", "js", "python"];

/** A page of figures has no code. */
const withCode = pages.filter((page) => blocksOf(page).some(({ language }) => runs.includes(language)));

describe.each(withCode)("%s", (page) => {
  const folder = readersFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  // In their order: a block may need what one before it made.
  for (const block of blocksOf(page)) {
    const { line, language, note, text } = block;
    const file = /^file: (.+)$/.exec(note)?.[1];
    const exit = /^exits with (\d+)$/.exec(note)?.[1];
    if (file !== undefined) writeFileSync(join(folder, file), text);
    if (!runs.includes(language)) continue;
    if (note === "run by .ci/run") {
      test(`line ${line} is run by .ci/run`, () => expect(elsewhere).toContain(text));
      continue;
    }
    const without = language === "python" && process.env["PEER_PYTHON"] === undefined;
    test.skipIf(without)(`line ${line} (${language})`, { timeout: 240_000 }, () => {
      const { code, out, err } = runBlock(block, folder);
      expect(code, `${text}\n${out}\n${err}`).toBe(Number(exit ?? 0));
    });
  }
});
