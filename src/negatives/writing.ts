import { writeFileAtomic, writeStreamAtomic } from "../base/files.js";
import { fileFingerprint } from "../base/fingerprint.js";
import type { Drawn } from "./drawing.js";
import { type NegativesFormat, rowsOf } from "./rows.js";
import { countMining, type MiningSummary } from "./statistics.js";

export interface NegativesFile extends MiningSummary {
  /** Lines of the file. */
  readonly rows: number;
}

/**
 * Writes one JSON line a row, gzipped where the path ends in `.gz`, then the manifest beside it. Both appear whole or not at all. Queries that
 * the policy `skip` left out have no line in any format.
 *
 * @param textOf text of a document.
 * @param manifest where the file comes from (fingerprints, parameters, seed, versions); the result and the file's own fingerprint are added.
 */
export async function writeNegatives(
  path: string,
  format: NegativesFormat,
  drawn: AsyncIterable<Drawn> | Iterable<Drawn>,
  textOf: (id: string) => string,
  manifest: Readonly<Record<string, unknown>>,
): Promise<NegativesFile> {
  const counts = countMining();
  let rows = 0;
  await writeStreamAtomic(path, lines());
  const result = { ...counts.summary(), rows };
  const file = { ...manifest, format, result, fingerprint: await fileFingerprint(path) };
  writeFileAtomic(manifestPath(path), `${JSON.stringify(file, null, 2)}\n`);
  return result;

  async function* lines(): AsyncGenerator<string> {
    for await (const one of drawn) {
      counts.add(one);
      const found = one.skipped ? [] : rowsOf(format, one, textOf);
      rows += found.length;
      if (found.length > 0) yield `${found.map((row) => JSON.stringify(row)).join("\n")}\n`;
    }
  }
}

/** `F.manifest.json` for `F.jsonl` and `F.jsonl.gz`. */
export function manifestPath(path: string): string {
  return `${path.replace(/\.jsonl(\.gz)?$/, "")}.manifest.json`;
}
