import { isAbsolute, win32 } from "node:path";
import { modelError } from "./json.js";

/**
 * A path that a file of the model names, as a normal relative one ("" for the folder itself). Throws when it could lead
 * out of the folder. Links are followed: the Hub's cache stores files that way, and no file's content makes one.
 */
export function insideFolder(named: string, file: string, field: string): string {
  const parts = named.split("/").filter((part) => part !== "" && part !== ".");
  // A backslash separates folders on Windows, and has no business in a portable path elsewhere.
  if (isAbsolute(named) || win32.isAbsolute(named) || /[\\:\0]/.test(named) || parts.includes(".."))
    throw modelError(file, "the path leads outside the model folder", {
      field,
      found: named,
      expected: "a path inside the model folder, with forward slashes",
      hint: "do not trust this folder; nothing outside it was opened",
    });
  return parts.join("/");
}
