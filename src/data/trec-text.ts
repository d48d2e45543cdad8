import { inputError } from "../base/errors.js";
import type { Place } from "./fields.js";
import type { FoundText } from "./items.js";
import { fileSource } from "./lines.js";
import { elements, inner, plainText } from "./tagged.js";

/** A text of a collection and where it stands. */
export type PlacedText = FoundText & { readonly id: string; readonly place: Place };

/**
 * The documents of a TREC file: `<DOC>` elements with `<DOCNO>`. The title is `<TITLE>`, `<HEADLINE>`, `<HL>`, `<TI>` or `<TTL>`; the text is all `<TEXT>` elements, or, where there is
 * none, everything else but `<DOCHDR>`. Throws `missing-field` for a document without number.
 */
export async function* trecDocuments(path: string): AsyncGenerator<PlacedText> {
  for await (const { text, line } of elements(fileSource(path), "DOC")) {
    const place = { file: path, line };
    const id = plainText(inner(text, "DOCNO")[0] ?? "");
    if (id === "")
      throw inputError("missing-field", "a document has no number", { ...place, field: "DOCNO", expected: "<DOCNO>" });
    const titles = inner(text, ...titleTags);
    const texts = inner(text, "TEXT");
    const rest = () => [text.replace(without, " ")];
    const body = plainText((texts.length > 0 ? texts : rest()).join(" "));
    yield { id, title: plainText(titles.join(" ")), text: body, place };
  }
}

const titleTags = ["TITLE", "HEADLINE", "HL", "TI", "TTL"];
const without = new RegExp(`<(${["DOCNO", "DOCHDR", ...titleTags].join("|")})(?:\\s[^>]*)?>[\\s\\S]*?</\\1\\s*>`, "gi");

/** A part of a topic: up to the next tag, in files where parts are not closed. */
const part = /<(num|title|desc|narr|query|question|narrative|description)(?:\s[^>]*)?>([^<]*)/gi;

/** The usual heads inside the parts of a topic. */
const heads = /^(Number|Topic|Description|Narrative)\s*:\s*/i;

/**
 * The topics of a TREC file: `<top>` with `<num>` and `<title>`, `<desc>`, `<narr>` (closed or not), or XML `<topic number="…">` with `<query>`. `field` says which part is the query
 * (default `title`, else `query`); several joined by `+`. Numbers lose leading zeros, as judgements write them.
 */
export async function* trecTopics(path: string, kind: "top" | "topic", field?: string): AsyncGenerator<PlacedText> {
  for await (const { text, line, attributes } of elements(fileSource(path), kind)) {
    const place = { file: path, line };
    const parts = new Map<string, string>();
    for (const [, name = "", content = ""] of text.matchAll(part))
      parts.set(name.toLowerCase(), plainText(content).replace(heads, ""));
    const number = parts.get("num") ?? /number\s*=\s*["']([^"']*)/i.exec(attributes)?.[1]?.trim() ?? "";
    if (number === "")
      throw inputError("missing-field", "a topic has no number", { ...place, field: "num", expected: "<num>" });
    const wanted = field?.split("+") ?? [parts.has("title") ? "title" : "query"];
    const query = wanted.map((name) => {
      const value = parts.get(name);
      if (value !== undefined && value !== "") return value;
      const found = `parts ${[...parts.keys()].join(", ")}`;
      throw inputError("missing-field", "a topic lacks a part", {
        ...place,
        field: name,
        found,
        expected: `<${name}>`,
      });
    });
    yield { id: number.replace(/^0+(?=\d)/, ""), text: query.join(" "), place };
  }
}
