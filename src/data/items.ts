import { textId } from "../base/text.js";
import type { TextItem } from "../base/types.js";

/** A text as a file gives it, before it has an id. */
export interface FoundText {
  readonly id?: string | undefined;
  readonly title?: string | undefined;
  readonly text: string;
}

/** The item of a found text: title and text joined by one blank, `textId` where there is no id. */
export function toItem({ id, title, text }: FoundText): TextItem {
  if (title === undefined || title.trim() === "") return { id: id ?? textId(text), text };
  const joined = text.trim() === "" ? title : `${title} ${text}`;
  return { id: id ?? textId(joined), text: joined, title };
}

/** The text of an item without its title. */
export function bodyOf({ text, title }: TextItem): string {
  if (title === undefined || title === "" || !text.startsWith(title)) return text;
  return text.length === title.length ? "" : text.slice(title.length + 1);
}
