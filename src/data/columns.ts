import { inputError, type NearmissError, notImplemented } from "../base/errors.js";
import { type Row, requiredNumber } from "./fields.js";

/** What a column can mean, and the names it goes by; the first that a file has is taken. */
const names = {
  query: ["query", "anchor", "question", "sentence1"],
  positive: ["positive", "answer", "text", "document", "sentence2"],
  negative: ["negative"],
  score: ["score"],
  label: ["label"],
  query_id: ["query_id"],
  positive_id: ["positive_id"],
  negative_id: ["negative_id", "negative_ids"],
} as const;

type Role = keyof typeof names;
const roles = Object.keys(names) as readonly Role[];

/** The columns that a file of pairs or triplets is read from. */
export interface PairColumns {
  readonly query: string;
  readonly positive: string;
  readonly queryId: string | undefined;
  readonly positiveId: string | undefined;
  readonly negativeId: string | undefined;
  /** The columns of a row that hold negatives: `negative`, `negative_1`, `negative_2` … in this order. */
  readonly negatives: (row: Row) => readonly string[];
}

/**
 * Decides from a file's first record what its columns mean. `chosen` maps a meaning to a column's name and wins over the usual
 * names. Scored pairs and labelled items are recognised and answer `not-implemented`; throws `unknown-column` when the query or
 * the positive cannot be found.
 */
export function pairColumns(first: Row, chosen: ReadonlyMap<string, string>): PairColumns {
  for (const role of chosen.keys()) {
    if (!(roles as readonly string[]).includes(role)) {
      throw inputError("bad-usage", "a column meaning is not known", {
        field: "columns",
        found: role,
        expected: roles.join(", "),
      });
    }
  }
  const find = (role: Role): string | undefined => {
    const own = chosen.get(role);
    if (own === undefined) return names[role].find((name) => first.fields.has(name));
    if (!first.fields.has(own)) throw noColumn(first, role, own);
    return own;
  };
  const [query, positive, score, label] = [find("query"), find("positive"), find("score"), find("label")];
  if (query === undefined) {
    if (positive !== undefined && label !== undefined && score === undefined) {
      throw notImplemented(`${first.file}: reading labelled items (columns ${positive}, ${label})`);
    }
    throw noColumn(first, "query", names.query.join(" or "));
  }
  if (positive === undefined) throw noColumn(first, "positive", names.positive.join(" or "));
  if (score !== undefined) {
    requiredNumber(first, score);
    throw notImplemented(`${first.file}: reading scored pairs (columns ${query}, ${positive}, ${score})`);
  }
  // A label that is a number says which pairs match; one in words is a category that says nothing about the pair.
  if (label !== undefined && isNumeric(first.fields.get(label))) {
    throw notImplemented(`${first.file}: reading labelled pairs (columns ${query}, ${positive}, ${label})`);
  }
  const negative = find("negative") ?? "negative";
  return {
    query,
    positive,
    queryId: find("query_id"),
    positiveId: find("positive_id"),
    negativeId: find("negative_id"),
    negatives: (row) => [negative, ...numberedNegatives(row)].filter((name) => row.fields.has(name)),
  };
}

function numberedNegatives(row: Row): readonly string[] {
  return [...row.fields.keys()]
    .filter((name) => /^negative_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(9)) - Number(b.slice(9)));
}

function isNumeric(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
  );
}

function noColumn(row: Row, role: Role, expected: string): NearmissError {
  return inputError("unknown-column", `no column holds the ${role}`, {
    file: row.file,
    line: row.line,
    field: role,
    found: [...row.fields.keys()].join(", "),
    expected,
    hint: `say which column it is: --columns ${role}=NAME`,
  });
}
