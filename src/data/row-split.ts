import { type Row, requiredText } from "./fields.js";

/** The split a row belongs to: what its column says, where one is chosen, else its file's. `valid`, `validation` and `val` are `dev`. */
export function rowSplit(row: Row, field: string | undefined, ofFile: string): string {
  if (field === undefined) return ofFile;
  const name = requiredText(row, field).trim();
  return /^val(id|idation)?$/i.test(name) ? "dev" : name;
}
