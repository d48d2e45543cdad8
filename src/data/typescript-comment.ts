// Doc comments as plain text: what a person would say about the symbol, without markup.

/** The description of a doc comment, without stars, tags and markup; paragraphs are parted by an empty line. */
export function commentText(comment: string): string {
  const lines = comment
    .replace(/^\/\*\*+/u, "")
    .replace(/\*+\/$/u, "")
    .split(/\r?\n/u)
    .map((line) => line.replace(/^\s*\*? ?/u, "").trimEnd());
  const tag = lines.findIndex((line) => /^\s*@\w/u.test(line));
  const fence = lines.findIndex((line) => /^\s*(```|~~~)/u.test(line));
  const ends = [tag, fence].filter((at) => at >= 0);
  return withoutMarkup(lines.slice(0, ends.length === 0 ? lines.length : Math.min(...ends)).join("\n"));
}

/** Whether the comment has one of these tags, such as `deprecated`. */
export function hasTag(comment: string, ...tags: readonly string[]): boolean {
  return tags.some((tag) => new RegExp(`@${tag}\\b`, "iu").test(comment));
}

/** The first paragraph, on one line. */
export function firstParagraph(text: string): string {
  return (text.trim().split(/\n\s*\n/u)[0] ?? "").replace(/\s+/gu, " ").trim();
}

/** The first sentence of the first paragraph; full stops of common abbreviations do not end it. */
export function firstSentence(text: string): string {
  const paragraph = firstParagraph(text);
  for (const end of paragraph.matchAll(/[.!?。！？]['")\]]*(?=\s|$)/gu)) {
    const sentence = paragraph.slice(0, end.index + end[0].length);
    if (!/(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|no|resp|[A-Za-z])\.$/iu.test(sentence)) return sentence;
  }
  return paragraph;
}

function withoutMarkup(text: string): string {
  return (
    text
      .replace(
        /\{@link(?:code|plain)?\s+([^}|\s]+)(?:\s*\|?\s*([^}]*))?\}/gu,
        (_all, target: string, label?: string) => (label?.trim() ? label.trim() : target),
      )
      .replace(/\[MDN Reference\]\([^)]*\)/gu, "")
      // Links by their text, which may hold brackets itself.
      .replace(/!?\[((?:[^[\]]|\[[^\]]*\])*)\](?:\([^)]*\)|\[[^\]]*\])/gu, "$1")
      .replace(/<\/?(?:a|b|br|code|div|em|h\d|hr|i|img|li|ol|p|pre|span|strong|su[bp]|t[dhr]|table|ul)\b[^>]*>/giu, "")
      .replace(/\bhttps?:\/\/\S+/gu, "")
      .replace(/\\(?=[`*_[\]{}<>|'"])/gu, "")
      .replace(/`+|\*\*|(?<!\w)_+|_+(?!\w)/gu, "")
      .replace(/(?<![\w*])\*([^\s*]+)\*(?![\w*])/gu, "$1")
      .replace(/\{([\w.]+)\}/gu, "$1")
      .replace(/^\s*(?:#+|>)\s+/gmu, "")
      // An item of a list is a paragraph of its own.
      .replace(/^\s*(?:[-*+]|\d+[.)])\s+/gmu, "\n")
  );
}
