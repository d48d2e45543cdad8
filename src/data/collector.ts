import { inputError } from "../base/errors.js";
import { canonicalText, textId } from "../base/text.js";
import type { RetrievalData, Split, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { contentHash } from "./content-hash.js";
import { describeValue, type Place } from "./fields.js";
import { type FoundText, toItem } from "./items.js";

/** Gathers queries, documents and judgements, and keeps the rules about ids and equal texts in one place. */
export interface Collector {
  /** Takes a document and returns the id it is known by: that of the first document with an equal text. */
  document(found: FoundText, place: Place): string;
  query(found: FoundText, place: Place): string;
  /** The id a document is known by, or undefined if there is none with this id. */
  knownDocument(id: string): string | undefined;
  hasQuery(id: string): boolean;
  /** A pair judged twice keeps the higher relevance. */
  judge(split: string, query: string, document: string, relevance: number): void;
  isJudged(split: string, query: string, document: string): boolean;
  /** Names a query of a split that may have no judgement. */
  ask(split: string, query: string): void;
  /** Texts that answer a query; those of several rows are joined. */
  answers(query: string, texts: readonly string[]): void;
  /** A negative that came with the data. */
  negative(split: string, query: string, document: string): void;
  finish(format: string, source: string): RetrievalData;
}

interface OpenSplit {
  readonly judgements: Map<string, Map<string, number>>;
  readonly negatives: Map<string, Set<string>>;
}

/**
 * An empty collector. Rules: an item without id gets `textId`; documents of equal canonical text are one document under the first id
 * (counted warning `equal-documents`), except those without any text, which say nothing about being equal (`empty-documents`);
 * an id with two different texts is an error (`duplicate-id`); a negative that is also relevant to its query is dropped
 * (`negative-is-positive`). Title and text are joined by one blank.
 */
export function collector(warnings: Warnings): Collector {
  const documents = new Map<string, TextItem>();
  const queries = new Map<string, TextItem>();
  const firstWithText = new Map<string, string>();
  const aliases = new Map<string, string>();
  const splits = new Map<string, OpenSplit>();
  const answers = new Map<string, Set<string>>();
  const knownDocument = (id: string) => (documents.has(id) ? id : aliases.get(id));
  const open = (name: string): OpenSplit => {
    const split = splits.get(name) ?? { judgements: new Map(), negatives: new Map() };
    splits.set(name, split);
    return split;
  };

  return {
    knownDocument,
    hasQuery: (id) => queries.has(id),
    document(found, place) {
      const item = toItem(found);
      const held = knownDocument(item.id);
      if (held !== undefined) {
        sameText(documents.get(held) as TextItem, item, "document", place);
        return held;
      }
      if (canonicalText(item.text) === "") {
        warnings.add("empty-documents", `documents without text are kept, the first is ${JSON.stringify(item.id)}`);
      } else {
        const key = textId(item.text);
        const equal = firstWithText.get(key);
        if (equal !== undefined) {
          aliases.set(item.id, equal);
          if (found.id !== undefined) {
            const ids = `${JSON.stringify(item.id)} is kept as ${JSON.stringify(equal)}`;
            warnings.add("equal-documents", `documents with equal text are one document: ${ids}`);
          }
          return equal;
        }
        firstWithText.set(key, item.id);
      }
      documents.set(item.id, item);
      return item.id;
    },
    query(found, place) {
      const item = toItem(found);
      const held = queries.get(item.id);
      if (held !== undefined) sameText(held, item, "query", place);
      else {
        if (canonicalText(item.text) === "") {
          warnings.add("empty-queries", `queries without text are kept, the first is ${JSON.stringify(item.id)}`);
        }
        queries.set(item.id, item);
      }
      return item.id;
    },
    judge(split, query, document, relevance) {
      const { judgements } = open(split);
      const judged = judgements.get(query) ?? new Map<string, number>();
      const before = judged.get(document);
      if (before !== undefined) {
        const pair = `query ${JSON.stringify(query)} and document ${JSON.stringify(document)}`;
        warnings.add("repeated-judgements", `a pair judged more than once keeps its highest relevance: ${pair}`);
      }
      judged.set(document, Math.max(relevance, before ?? relevance));
      judgements.set(query, judged);
    },
    isJudged: (split, query, document) => splits.get(split)?.judgements.get(query)?.has(document) === true,
    ask(split, query) {
      const { judgements } = open(split);
      if (!judgements.has(query)) judgements.set(query, new Map());
    },
    answers(query, texts) {
      const held = answers.get(query) ?? new Set();
      for (const text of texts) held.add(text);
      if (held.size > 0) answers.set(query, held);
    },
    negative(split, query, document) {
      const { negatives } = open(split);
      negatives.set(query, (negatives.get(query) ?? new Set()).add(document));
    },
    finish(format, source) {
      const closed = new Map<string, Split>();
      for (const [name, split] of splits) closed.set(name, close(name, split, warnings));
      warnSharedQueries(closed, queries, warnings);
      const texts = new Map([...answers].map(([query, held]) => [query, [...held]]));
      return {
        kind: "retrieval",
        format,
        source,
        documents,
        queries,
        splits: closed,
        ...(answers.size === 0 ? {} : { answers: texts }),
        fingerprint: contentFingerprint(documents, queries, closed, texts),
      };
    },
  };
}

function sameText(held: TextItem, item: TextItem, kind: string, { file, line }: Place): void {
  if (held.text === item.text || canonicalText(held.text) === canonicalText(item.text)) return;
  throw inputError("duplicate-id", `two different texts have the same ${kind} id`, {
    file,
    line,
    field: item.id,
    found: describeValue(item.text),
    expected: describeValue(held.text),
    hint: "give each text an id of its own",
  });
}

function close(name: string, { judgements, negatives }: OpenSplit, warnings: Warnings): Split {
  const kept = new Map<string, readonly string[]>();
  for (const [query, ids] of negatives) {
    const left = [...ids].filter((id) => !((judgements.get(query)?.get(id) ?? 0) > 0));
    if (left.length < ids.size) {
      const message = `a negative that is also a positive of its query is left out, first for query ${JSON.stringify(query)}`;
      warnings.add("negative-is-positive", message, ids.size - left.length);
    }
    if (left.length > 0) kept.set(query, left);
  }
  return kept.size === 0 ? { name, judgements } : { name, judgements, negatives: kept };
}

/** A question that is trained on and measured on makes figures too high, under whatever id it stands. */
function warnSharedQueries(
  splits: ReadonlyMap<string, Split>,
  queries: ReadonlyMap<string, TextItem>,
  warnings: Warnings,
): void {
  const first = new Map<string, string>();
  for (const [name, { judgements }] of splits) {
    for (const query of judgements.keys()) {
      const text = canonicalText(queries.get(query)?.text ?? "") || query;
      const other = first.get(text);
      if (other === undefined) first.set(text, name);
      else if (other !== name)
        warnings.add("shared-queries", `query ${JSON.stringify(query)} is in the splits ${other} and ${name}`);
    }
  }
}

/** The hash of ids, texts, judgements and negatives in their order; where they were read from does not matter. */
function contentFingerprint(
  documents: ReadonlyMap<string, TextItem>,
  queries: ReadonlyMap<string, TextItem>,
  splits: ReadonlyMap<string, Split>,
  answers: ReadonlyMap<string, readonly string[]>,
): string {
  const { add, digest } = contentHash();
  for (const { id, text } of documents.values()) add("document", id, text);
  for (const { id, text } of queries.values()) add("query", id, text);
  for (const { name, judgements, negatives } of splits.values()) {
    add("split", name);
    for (const [query, judged] of judgements) add(query, ...[...judged].flat());
    for (const [query, ids] of negatives ?? []) add("negatives", query, ...ids);
  }
  for (const [query, texts] of answers) add("answers", query, ...texts);
  return digest();
}
