import { type ChosenColumns, columnsOf } from "./columns.js";
import { hasContexts } from "./contexts.js";
import type { Row } from "./fields.js";

/** What the rows of a table are. `contexts`: queries with lists of passages, as DPR and Tevatron write them. */
export type TableKind = "pairs" | "contexts" | "scored" | "labelled" | "interactions" | "triples";

/**
 * Says from its first record what a table holds. A numeric `score` wins over `label`; a numeric `label` beside a query and a positive says which pairs match, one
 * in words is a category that says nothing about the pair. `text` and `label` without a query are labelled items. Throws
 * `unknown-column` where the columns make no sense.
 */
export function tableKind(first: Row, chosen: ChosenColumns): TableKind {
  const { find, require, chose } = columnsOf(first, chosen);
  const has = (role: Parameters<typeof find>[0]) => find(role) !== undefined;
  if (hasContexts(first) && !chose("positive")) return "contexts";
  if (has("head") && has("relation") && has("tail")) return "triples";
  if (has("user") && has("item")) return "interactions";
  const labelled = has("text") && (has("label") || has("labels"));
  if (labelled && (chose("text") || (!has("query") && !has("score")))) return "labelled";
  require("query");
  require("positive");
  if (has("score")) return "scored";
  const label = find("label");
  return label !== undefined && isNumeric(first.fields.get(label)) ? "scored" : "pairs";
}

function isNumeric(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
  );
}
