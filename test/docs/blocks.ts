import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The HTML comment on the line before the fence: `run by .ci/run`, `file: NAME`, `exits with CODE`, or nothing. */
  readonly note: string;
}

/** README.md and the pages of docs/. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`),
];

export function readPage(page: string): string {
  return readFileSync(root + page, "utf8");
}

/** The blocks of a page in order, and as blocks of one line the commands inside its text and its comments (`setup: COMMAND`). */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = readPage(page).split("\n");
  let open: { line: number; language: string; note: string; text: string[] } | undefined;
  for (const [i, line] of lines.entries()) {
    if (open !== undefined) {
      if (line !== "```") open.text.push(line);
      else {
        blocks.push({ ...open, page, text: `${open.text.join("\n")}\n` });
        open = undefined;
      }
      continue;
    }
    const language = /^```(.*)$/.exec(line)?.[1];
    if (language === undefined) {
      for (const [, inside, setup] of line.matchAll(/`(npx nearmiss [^`]+)`|^<!-- setup: (.*) -->$/g)) {
        blocks.push({ page, line: i + 1, language: "sh", note: "", text: `${inside ?? setup}\n` });
      }
      continue;
    }
    const note = /^<!-- (.*) -->$/.exec(lines[i - 1] ?? "")?.[1] ?? "";
    open = { line: i + 1, language, note, text: [] };
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block is not closed`);
  return blocks;
}
