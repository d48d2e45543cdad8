import { inputError } from "../base/errors.js";
import type { Dataset } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import type { ChosenColumns } from "./columns.js";
import { readContexts } from "./contexts.js";
import { readInteractions } from "./interactions.js";
import { readLabelled } from "./labelled.js";
import { readPairs } from "./pairs.js";
import { firstRecord } from "./records.js";
import { readScored } from "./scored.js";
import type { SplitFile } from "./split-files.js";
import { type TableKind, tableKind } from "./table-kind.js";
import { readTriples } from "./triples.js";

type Reader = (
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
) => Promise<Dataset>;

const readers: Readonly<Record<TableKind, Reader>> = {
  pairs: readPairs,
  contexts: readContexts,
  scored: readScored,
  labelled: readLabelled,
  interactions: readInteractions,
  triples: readTriples,
};

/** Reads tables, one a split, as what their first records say; all must hold the same kind of rows. */
export async function readTables(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<Dataset> {
  let kind: TableKind | undefined;
  for (const file of files) {
    const own = tableKind(await firstRecord(file.path, file.format, file.header), chosen);
    kind ??= own;
    if (own === kind) continue;
    throw inputError("ambiguous-input", "the files of a folder hold different kinds of rows", {
      file: file.path,
      found: own,
      expected: kind,
    });
  }
  return readers[kind as TableKind](source, files, chosen, warnings);
}
