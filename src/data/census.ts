import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isMarkdown, isPlainText } from "./sections.js";
import { isTypescript } from "./typescript-codebase.js";

/** What a folder tree holds, as paths from its root. Hidden folders and `node_modules` are passed over, links are not followed. */
export function census(root: string) {
  const markdown: string[] = [];
  const text: string[] = [];
  let typescript = 0;
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && !entry.name.startsWith(".")) visit(path);
      } else if (!entry.isFile()) continue;
      else if (isMarkdown(path)) markdown.push(path);
      else if (isPlainText(path)) text.push(path);
      else if (isTypescript(path)) typescript++;
    }
  };
  visit("");
  return { markdown, text, typescript };
}
