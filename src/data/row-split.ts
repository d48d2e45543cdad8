import type { Columns } from "./columns.js";
import { type Row, requiredText } from "./fields.js";

/** The split a row belongs to: what its chosen column `split` says, else its file's. `valid`, `validation` and `val` are `dev`. */
export function rowSplit(row: Row, columns: Pick<Columns, "find">, ofFile: string): string {
  const field = columns.find("split");
  if (field === undefined) return ofFile;
  const name = requiredText(row, field).trim();
  return /^val(id|idation)?$/i.test(name) ? "dev" : name;
}
