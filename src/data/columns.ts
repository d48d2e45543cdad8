import { inputError, type NearmissError } from "../base/errors.js";
import type { Row } from "./fields.js";

/** What a column can mean, and the names it goes by; the first that a file has is taken. */
const names = {
  query: ["query", "anchor", "question", "sentence1"],
  positive: ["positive", "pos", "answer", "text", "document", "sentence2"],
  negative: ["negative", "neg"],
  score: ["score"],
  label: ["label"],
  labels: ["labels"],
  query_id: ["query_id", "anchor_id"],
  positive_id: ["positive_id"],
  negative_id: ["negative_id", "negative_ids"],
  answers: ["answers"],
  text: ["text"],
  id: ["_id", "id"],
  // Read only where it is chosen: a file that happens to have such a column is one split, as its name says.
  split: [],
  user: ["user", "userId", "user_id"],
  item: ["item", "itemId", "item_id", "movieId"],
  value: ["value", "rating", "count", "listens"],
  time: ["time", "timestamp"],
  head: ["head"],
  relation: ["relation"],
  tail: ["tail"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ColumnRole = keyof typeof names;
const roles = Object.keys(names) as readonly ColumnRole[];

/** Meaning → column name, as somebody chose them. */
export type ChosenColumns = ReadonlyMap<string, string>;

/** The columns of a file by what they mean. */
export interface Columns {
  /** The column of a meaning: the chosen one, else the first usual name that the file has. */
  find(role: ColumnRole): string | undefined;
  /** As `find`; throws `unknown-column` where there is none. */
  require(role: ColumnRole): string;
  /** Whether somebody chose a column for one of these meanings. */
  chose(...roles: readonly ColumnRole[]): boolean;
}

/**
 * Decides from a file's first record what its columns mean. `chosen` wins over the usual names. Throws `bad-usage` for a meaning that is
 * not known and `unknown-column` for a chosen column that the file lacks.
 */
export function columnsOf(first: Row, chosen: ChosenColumns): Columns {
  for (const role of chosen.keys()) {
    if (!(roles as readonly string[]).includes(role)) {
      throw inputError("bad-usage", "a column meaning is not known", {
        field: "columns",
        found: role,
        expected: roles.join(", "),
      });
    }
  }
  const find = (role: ColumnRole): string | undefined => {
    const own = chosen.get(role);
    if (own === undefined) return names[role].find((name) => first.fields.has(name));
    if (!first.fields.has(own)) throw noColumn(first, role, own);
    return own;
  };
  return {
    find,
    require(role) {
      const name = find(role);
      if (name === undefined) throw noColumn(first, role, names[role].join(" or "));
      return name;
    },
    chose: (...some) => some.some((role) => chosen.has(role)),
  };
}

/** The columns that a file of pairs or triplets is read from. */
export interface PairColumns {
  readonly query: string;
  readonly positive: string;
  readonly queryId: string | undefined;
  readonly positiveId: string | undefined;
  readonly negativeId: string | undefined;
  readonly answers: string | undefined;
  readonly split: string | undefined;
  /** The columns of a row that hold negatives: `negative`, `negative_1`, `negative_2` … in this order. */
  readonly negatives: (row: Row) => readonly string[];
}

/** The columns of pairs and triplets. Throws `unknown-column` when the query or the positive cannot be found. */
export function pairColumns(columns: Columns): PairColumns {
  const negative = columns.find("negative") ?? "negative";
  return {
    query: columns.require("query"),
    positive: columns.require("positive"),
    queryId: columns.find("query_id"),
    positiveId: columns.find("positive_id"),
    negativeId: columns.find("negative_id"),
    answers: columns.find("answers"),
    split: columns.find("split"),
    negatives: (row) => [negative, ...numberedNegatives(row)].filter((name) => row.fields.has(name)),
  };
}

function numberedNegatives(row: Row): readonly string[] {
  return [...row.fields.keys()]
    .filter((name) => /^negative_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(9)) - Number(b.slice(9)));
}

function noColumn(row: Row, role: string, expected: string): NearmissError {
  return inputError("unknown-column", `no column holds the ${role}`, {
    file: row.file,
    line: row.line,
    field: role,
    found: [...row.fields.keys()].join(", "),
    expected,
    hint: `say which column it is: --columns ${role}=NAME`,
  });
}
