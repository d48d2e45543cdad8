import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { TextItem, Triple, TripleData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, type Columns, columnsOf } from "./columns.js";
import { contentHash } from "./content-hash.js";
import { requiredId } from "./fields.js";
import { fileSource, readLines } from "./lines.js";
import { readRecords } from "./records.js";
import { rowSplit } from "./row-split.js";
import { type SplitFile, splitNamed } from "./split-files.js";

/** Tables with the columns `head`, `relation`, `tail`. Texts and warnings as of `readTripleFolder`. */
export async function readTriples(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<TripleData> {
  const found = tripleCollector(warnings);
  for (const file of files) {
    let columns: Columns | undefined;
    for await (const row of readRecords(file.path, file.format)) {
      columns ??= columnsOf(row, chosen);
      const id = (role: "head" | "relation" | "tail") => requiredId(row, (columns as Columns).require(role));
      const split = rowSplit(row, columns.find("split"), file.split);
      found.add(split, { head: id("head"), relation: id("relation"), tail: id("tail") });
    }
  }
  return found.finish("tables of triples (head, relation, tail)", source, dirname(files[0]?.path ?? source));
}

const fileName = /\.(tsv|txt)(\.gz)?$/i;

/** The headerless files of a graph: `train.tsv`, `valid.tsv`, `test.tsv` (or `.txt`) of three columns separated by tabs. */
export async function tripleFiles(
  folder: string,
): Promise<readonly { readonly split: string; readonly path: string }[]> {
  const names = readdirSync(folder).sort(compareCodePoints);
  const files = names.flatMap((name) => {
    const split = fileName.test(name) ? splitNamed(name) : undefined;
    return split === undefined ? [] : [{ split, path: join(folder, name) }];
  });
  const train = files.find(({ split }) => split === "train");
  if (train === undefined) return [];
  // What a header names does not come again further down; a relation does.
  let first: string | undefined;
  const named = names.some((name) => /^(entities|relations)\.tsv(\.gz)?$/.test(name));
  for await (const { text } of readLines(fileSource(train.path))) {
    const fields = text.split("\t");
    if (fields.length !== 3 || fields.some((field) => field === "")) return [];
    if (first === undefined) {
      if (fields.join() === "head,relation,tail") return [];
      first = fields[1] as string;
    } else if (fields[1] === first) return files;
    if (named) return files;
  }
  return [];
}

/**
 * Reads a folder of a graph: lines of head, relation and tail. `entities.tsv` and `relations.tsv` (id, text; gzipped or not) give texts; else an id is its own text.
 * A triple that comes again in a split is kept (`repeated-triples`), one of two splits too (`shared-triples`); triples of other splits that name an entity or relation that
 * `train` lacks are counted (`unseen-entities`).
 */
export async function readTripleFolder(
  folder: string,
  files: readonly { readonly split: string; readonly path: string }[],
  warnings: Warnings,
): Promise<TripleData> {
  const found = tripleCollector(warnings);
  for (const { split, path } of files) {
    for await (const { line, text } of readLines(fileSource(path))) {
      if (text.trim() === "") continue;
      const fields = text.split("\t");
      const [head, relation, tail] = fields;
      if (!head || !relation || !tail || fields.length !== 3)
        throw inputError("malformed-line", "the line is no triple", {
          file: path,
          line,
          found: `${fields.length} fields`,
          expected: "head, relation and tail, separated by tabs, none empty",
        });
      found.add(split, { head, relation, tail });
    }
  }
  return found.finish("graph of triples", folder, folder);
}

function tripleCollector(warnings: Warnings) {
  const splits = new Map<string, Triple[]>();
  const splitOf = new Map<string, string>();
  return {
    add(split: string, triple: Triple): void {
      const key = JSON.stringify([triple.head, triple.relation, triple.tail]);
      const before = splitOf.get(key);
      if (before === undefined) splitOf.set(key, split);
      else if (before === split) warnings.add("repeated-triples", `a triple comes more than once and is kept: ${key}`);
      else warnings.add("shared-triples", `a triple is in the splits ${before} and ${split}: ${key}`);
      const triples = splits.get(split) ?? [];
      splits.set(split, triples);
      triples.push(triple);
    },
    async finish(format: string, source: string, folder: string): Promise<TripleData> {
      const entities = new Map(await readTextsBeside(folder, "entities.tsv"));
      const relations = new Map(await readTextsBeside(folder, "relations.tsv"));
      const hash = contentHash();
      warnUnseen(splits, warnings);
      const known = entities.size > 0;
      let without = 0;
      for (const [name, triples] of splits) {
        hash.add("split", name);
        for (const { head, relation, tail } of triples) {
          hash.add(head, relation, tail);
          for (const id of [head, tail]) {
            if (entities.has(id)) continue;
            entities.set(id, { id, text: id });
            without++;
          }
          if (!relations.has(relation)) relations.set(relation, { id: relation, text: relation });
        }
      }
      if (known && without > 0)
        warnings.add("entities-without-text", "entities that entities.tsv lacks have their id as text", without);
      for (const { id, text } of [...entities.values(), ...relations.values()]) hash.add(id, text);
      return { kind: "triples", format, source, entities, relations, splits, fingerprint: hash.digest() };
    },
  };
}

function warnUnseen(splits: ReadonlyMap<string, readonly Triple[]>, warnings: Warnings): void {
  const train = splits.get("train");
  if (train === undefined) return;
  const seen = new Set(train.flatMap(({ head, tail }) => [head, tail]));
  for (const [name, triples] of splits) {
    for (const { head, relation, tail } of triples) {
      if (seen.has(head) && seen.has(tail)) continue;
      const triple = `${head}, ${relation}, ${tail} of ${name}`;
      warnings.add("unseen-entities", `triples name an entity that train lacks, first ${triple}`);
    }
  }
}

/** `id`, a tab, and its text; a text may be missing, then the id stands for it. */
async function readTextsBeside(folder: string, name: string): Promise<ReadonlyMap<string, TextItem>> {
  const items = new Map<string, TextItem>();
  const path = [join(folder, name), join(folder, `${name}.gz`)].find((file) => existsSync(file));
  if (path === undefined) return items;
  for await (const { line, text } of readLines(fileSource(path))) {
    if (text.trim() === "") continue;
    const at = text.indexOf("\t");
    const id = at < 0 ? text : text.slice(0, at);
    if (items.has(id)) throw inputError("duplicate-id", "an id comes twice", { file: path, line, found: id });
    items.set(id, { id, text: (at < 0 ? "" : text.slice(at + 1).trim()) || id });
  }
  return items;
}
