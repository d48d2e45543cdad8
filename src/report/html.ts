/** Markup that is safe to print: made only by `html` and `trusted`. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | null | undefined | readonly Part[];

/** A template whose values are escaped, unless they are markup already; lists are joined, null is nothing. */
export function html(pieces: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { markup: pieces.map((piece, i) => piece + (i < values.length ? render(values[i]) : "")).join("") };
}

/** Markup from nearmiss itself (styles, scripts), never from data. */
export function trusted(markup: string): Html {
  return { markup };
}

/** A value as JSON inside a script element: `<` cannot end the element. */
export function embeddedJson(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replaceAll("<", "\\u003c");
  return html`<script type="application/json" id="${id}">${trusted(json)}</script>`;
}

function render(part: Part): string {
  if (part === null || part === undefined) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  return isList(part) ? part.map(render).join("") : part.markup;
}

function isList(part: Html | readonly Part[]): part is readonly Part[] {
  return Array.isArray(part);
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
