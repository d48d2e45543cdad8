// Puts a comparison's section into docs/results.md, in the place of an older one of the same title.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machine } from "../machine.mjs";

export const resultsPage = fileURLToPath(new URL("../../docs/results.md", import.meta.url));

export function writeSection(title, command, text, page = resultsPage) {
  const { processor, cores, node } = machine();
  const made = `Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; ${processor}, ${cores} cores, Node ${node}.`;
  putSection(title, `# ${title}\n\n${made}\n\n${text.trim()}\n`, page);
}

/** As `writeSection` for a section that is complete. */
export function putSection(title, section, page) {
  const parts = existsSync(page) ? readFileSync(page, "utf8").split(/^(?=# )/m) : [];
  const at = parts.findIndex((part) => part.startsWith(`# ${title}\n`));
  if (at < 0) parts.push(section);
  else parts[at] = section;
  writeFileSync(page, `${parts.map((part) => part.trim()).join("\n\n")}\n`);
}
