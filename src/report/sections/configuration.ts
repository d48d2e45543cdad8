import { count } from "../figures.js";
import { type Html, html } from "../html.js";

/** Counted warnings of the run. */
export function warningsSection(warnings: readonly { code: string; message: string; count: number }[]): Html {
  if (warnings.length === 0) return html`<h2>Warnings</h2><p>None.</p>`;
  return html`<h2>Warnings</h2><div class="card scroll"><table><thead><tr><th>code</th><th class="n">count</th><th>message</th></tr></thead>
<tbody>${warnings.map((one) => html`<tr><td><code>${one.code}</code></td><td class="n">${count(one.count)}</td><td>${one.message}</td></tr>`)}</tbody></table></div>`;
}

/** All options and the manifest, folded. */
export function configurationSection(
  config: Readonly<Record<string, unknown>> | null,
  manifest: Readonly<Record<string, unknown>> | null,
): Html {
  return html`<h2>Configuration</h2>${table("Options (config.json)", config)}${table("Origin (manifest.json)", manifest)}`;
}

function table(title: string, record: Readonly<Record<string, unknown>> | null): Html | null {
  if (record === null) return null;
  return html`<details><summary>${title}</summary><div class="scroll"><table><tbody>
${flatten(record).map(([key, value]) => html`<tr><td class="key">${key}</td><td><code>${value}</code></td></tr>`)}</tbody></table></div></details>`;
}

/** Nested keys with points between them; lists as JSON. */
function flatten(record: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(record).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return flatten(value as Readonly<Record<string, unknown>>, `${name}.`);
    }
    return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}
