import { basename, join, relative, sep } from "node:path";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { collector } from "./collector.js";
import { fileSource, type Line, readLines } from "./lines.js";

/** A part of a text file: the headings above it from the outermost on, the anchor its last heading gets, and its own text. */
export interface Section {
  readonly path: readonly string[];
  readonly anchor: string;
  readonly line: number;
  readonly text: string;
}

export const isMarkdown = (path: string): boolean => /\.(md|markdown)$/i.test(path);
export const isPlainText = (path: string): boolean => /\.txt$/i.test(path);

/**
 * Reads Markdown and plain text as pairs of heading and section. Markdown: the query is the path of headings, joined by `: ` (before the
 * first heading, the file's name in words), the document is the text up to the next heading of any level, without the heading. Plain text: the first line
 * that is not blank is the query, the rest the document; with a single line, the file's name in words is the query. Document ids are the path from the folder,
 * and `#anchor` where the section has a heading; equal heading paths are one query with several positives. Sections and files without text
 * are left out (`empty-sections`). All is one split, `train`.
 */
export async function readSections(root: string, files: readonly string[], warnings: Warnings): Promise<RetrievalData> {
  const found = collector(warnings);
  for (const name of files) {
    const path = join(root, name);
    const id = relative(root, path).split(sep).join("/") || basename(path);
    const lines: Line[] = [];
    for await (const line of readLines(fileSource(path))) lines.push(line);
    const sections = isMarkdown(path) ? markdownSections(lines) : [plainSection(lines)];
    for (const { path: headings, anchor, line, text } of sections) {
      const place = { file: path, line };
      if (text === "") {
        const where = `${id}${anchor === "" ? "" : `#${anchor}`}`;
        warnings.add("empty-sections", `sections without text are left out, the first is ${where}`);
        continue;
      }
      const query = headings.length > 0 ? headings.join(": ") : nameInWords(id);
      const document = found.document({ id: anchor === "" ? id : `${id}#${anchor}`, text }, place);
      found.judge("train", found.query({ text: query }, place), document, 1);
    }
  }
  return found.finish("folder of Markdown or text (heading → section)", root);
}

/**
 * The sections of a Markdown text. Knows ATX (`## Heading`) and underlined headings; passes over fenced code and the front matter. A leading
 * part without heading is left out when it is blank. Anchors are made as GitHub makes them.
 */
export function markdownSections(lines: readonly Line[]): readonly Section[] {
  const sections: Section[] = [];
  const anchors = new Map<string, number>();
  let headings: readonly { readonly level: number; readonly text: string }[] = [];
  let anchor = "";
  let start = lines[0]?.line ?? 1;
  let body: string[] = [];
  const closeSection = () => {
    const text = body.join("\n").trim();
    if (text !== "" || headings.length > 0) {
      sections.push({ path: headings.map((heading) => heading.text), anchor, line: start, text });
    }
    body = [];
  };
  const openSection = (level: number, text: string, line: number) => {
    closeSection();
    headings = [...headings.filter((heading) => heading.level < level), { level, text }];
    anchor = uniqueAnchor(text, anchors);
    start = line;
  };

  let fence: string | undefined;
  for (const { line, text } of afterFrontMatter(lines)) {
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(text)?.[1];
    if (fence !== undefined) {
      if (marker?.startsWith(fence) === true && text.trim() === marker) fence = undefined;
      body.push(text);
      continue;
    }
    const atx = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(text);
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(text)?.[1];
    const above = body[body.length - 1];
    if (atx?.[1] !== undefined) openSection(atx[1].length, plainHeading(atx[2] ?? ""), line);
    else if (underline !== undefined && above !== undefined && isParagraph(above)) {
      body.pop();
      openSection(underline.startsWith("=") ? 1 : 2, plainHeading(above), line - 1);
    } else {
      fence = marker;
      body.push(text);
    }
  }
  closeSection();
  return sections;
}

/** The first line that is not blank as the heading of the rest; a single line has no heading. */
function plainSection(lines: readonly Line[]): Section {
  const first = lines.findIndex(({ text }) => text.trim() !== "");
  const heading = lines[first];
  if (heading === undefined) return { path: [], anchor: "", line: 1, text: "" };
  const rest = joined(lines.slice(first + 1));
  const parts = rest === "" ? { path: [], text: heading.text.trim() } : { path: [heading.text.trim()], text: rest };
  return { ...parts, anchor: "", line: heading.line };
}

function joined(lines: readonly Line[]): string {
  return lines
    .map(({ text }) => text)
    .join("\n")
    .trim();
}

function afterFrontMatter(lines: readonly Line[]): readonly Line[] {
  if (lines[0]?.text.trimEnd() !== "---") return lines;
  const end = lines.findIndex(({ text }, i) => i > 0 && /^(---|\.\.\.)\s*$/.test(text));
  return end < 0 ? lines : lines.slice(end + 1);
}

/** A line that an underline would make a heading: not blank, and not a list item, quotation, table row or indented code. */
function isParagraph(text: string): boolean {
  return text.trim() !== "" && !/^(\s{4}|\t|\s*([-*+>|]|\d+[.)])(\s|$))/.test(text) && !text.includes("|");
}

/** A heading without its markup: links and images by their text, no code marks, emphasis or tags. */
function plainHeading(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replace(/<\/?[a-zA-Z][^>]*>/g, "")
    .replace(/[`*]|(?<!\w)_+|_+(?!\w)/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function uniqueAnchor(heading: string, used: Map<string, number>): string {
  const anchor = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replace(/\s/g, "-");
  for (let count = used.get(anchor) ?? 0; ; count++) {
    const candidate = count === 0 ? anchor : `${anchor}-${count}`;
    if (count > 0 && used.has(candidate)) continue;
    used.set(anchor, count + 1);
    if (count > 0) used.set(candidate, 1);
    return candidate === "" ? "section" : candidate;
  }
}

function nameInWords(id: string): string {
  return basename(id)
    .replace(/\.[^.]+$/, "")
    .replace(/[-_.\s]+/g, " ")
    .trim();
}
