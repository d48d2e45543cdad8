import type { SearchResult } from "../front/search.js";
import { clip } from "../report/clip.js";
import { decimals } from "../report/figures.js";
import { table } from "./table.js";

/** Hits for the terminal: one line each, long texts cut. */
export function hitsText(hits: SearchResult["hits"], most = 100): string {
  if (hits.length === 0) return "nothing found";
  const right = { align: "right" } as const;
  return table(
    [{ title: "rank", ...right }, { title: "score", ...right }, { title: "document" }],
    hits.map(({ rank, score, title, text }) => {
      // A document's text begins with its title, joined by one blank.
      const shown = title === undefined || text.startsWith(title) ? text : `${title} ${text}`;
      return [String(rank), decimals(score), clip(shown, most)];
    }),
  );
}
