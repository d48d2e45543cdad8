import { fieldError, type Row } from "./fields.js";
import { parseJson } from "./json.js";

/** The labels of an item, and how strongly each holds where the file says so. */
export interface Labels {
  readonly labels: readonly string[];
  readonly grades?: readonly number[];
}

const expected = "a label (a text or a whole number), a list of labels, or an object of labels and grades above 0";

/**
 * The labels in a field `label`: a text, a whole number of up to 64 bits (its digits are kept), a list of such, or `{label: grade}`. In tables the list or object is
 * written as JSON. A label twice is one label.
 */
export function labelsIn(row: Row, field: string): Labels {
  const value = row.fields.get(field);
  return labelsOf(row, field, typeof value === "string" ? listOrObject(value) : value);
}

/** The labels in a field `labels`: a list, an object of grades, or a text with `|` between labels; blank means none. */
export function labelListIn(row: Row, field: string): Labels {
  const value = row.fields.get(field);
  const inner = typeof value === "string" ? listOrObject(value) : value;
  if (typeof inner !== "string") return labelsOf(row, field, inner);
  const parts = inner.split("|").map((label) => label.trim());
  if (parts.length === 1 && parts[0] === "") return { labels: [] };
  return labelsOf(row, field, parts);
}

function labelsOf(row: Row, field: string, value: unknown): Labels {
  const invalid = () => fieldError(row, field, expected);
  const one = (label: unknown): string => {
    if (typeof label === "string" && label.trim() !== "") return label;
    if ((typeof label === "number" && Number.isSafeInteger(label)) || typeof label === "boolean") return String(label);
    throw invalid();
  };
  if (Array.isArray(value)) return { labels: [...new Set(value.map(one))] };
  if (value === null || typeof value !== "object") return { labels: [one(value)] };
  const graded = Object.entries(value);
  for (const [label, grade] of graded) {
    if (label.trim() === "" || typeof grade !== "number" || !(grade > 0 && Number.isFinite(grade))) throw invalid();
  }
  return { labels: graded.map(([label]) => label), grades: graded.map(([, grade]) => grade as number) };
}

/** The list or object that a text holds as JSON; else the text. */
function listOrObject(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
