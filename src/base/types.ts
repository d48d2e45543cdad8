// The records that the stages of nearmiss hand to each other. Plain immutable data; every item carries its id.

/** A text with its id. Where there is a title, `text` is title and text joined by one blank: what models and indexes read. */
export interface TextItem {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

/** Judgements of one query: document id → relevance. Relevant means > 0. */
export type Judgements = ReadonlyMap<string, number>;

/** One part of a retrieval data set. */
export interface Split {
  readonly name: string;
  /** Query id → judgements. The order of the map is the order of the file. */
  readonly judgements: ReadonlyMap<string, Judgements>;
  /** Negatives that came with the data (triplet files): query id → document ids. */
  readonly negatives?: ReadonlyMap<string, readonly string[]>;
}

/** Queries, documents and judgements, whatever file they came from. */
export interface RetrievalData {
  readonly kind: "retrieval";
  /** What was recognised, in words: `BEIR folder`, `JSONL of pairs` … */
  readonly format: string;
  readonly source: string;
  readonly documents: ReadonlyMap<string, TextItem>;
  readonly queries: ReadonlyMap<string, TextItem>;
  readonly splits: ReadonlyMap<string, Split>;
  /** Query id → texts any of which answers it, where the data have such: a document that holds one counts as found. */
  readonly answers?: ReadonlyMap<string, readonly string[]>;
  readonly fingerprint: string;
}

/** A name for what items have in common. Numbers and 64-bit integers are written out in full: `9007199254740993` stays itself. */
export type Label = string;

/** An item that carries labels: a text, a picture, or a vector that somebody else made. */
export interface LabelledItem {
  readonly id: string;
  readonly text?: string;
  /** Bytes, row after row, channels together: height × width × channels of the data set's `picture`. */
  readonly pixels?: Uint8Array;
  readonly vector?: Float32Array;
  /** At least one; the first is the class where a loss or measure takes only one. */
  readonly labels: readonly Label[];
  /** How strongly each label holds, in the order of `labels`; absent: all alike. */
  readonly grades?: readonly number[];
}

/** Items with labels: two items belong together when they share one. */
export interface LabelledData {
  readonly kind: "labelled";
  readonly format: string;
  readonly source: string;
  readonly content: "text" | "pixels" | "vector";
  /** The size that every picture has. */
  readonly picture?: { readonly height: number; readonly width: number; readonly channels: number };
  readonly items: ReadonlyMap<string, LabelledItem>;
  /** Split → ids, in the order of the file. */
  readonly splits: ReadonlyMap<string, readonly string[]>;
  readonly fingerprint: string;
}

/** Two texts and how alike they are, in the units of the file. */
export interface ScoredPair {
  readonly first: TextItem;
  readonly second: TextItem;
  readonly score: number;
}

/** Pairs of texts with scores: sentence similarity, or classes 0 and 1. */
export interface ScoredData {
  readonly kind: "scored";
  readonly format: string;
  readonly source: string;
  readonly splits: ReadonlyMap<string, readonly ScoredPair[]>;
  readonly fingerprint: string;
}

/** What users did with items. Both are nodes of a graph; texts of items may be known. */
export interface InteractionData {
  readonly kind: "interactions";
  readonly format: string;
  readonly source: string;
  readonly items: ReadonlyMap<string, TextItem>;
  /** Split → user → items, in the order of the file; `value` is a rating or a count, 1 where the file has none. */
  readonly splits: ReadonlyMap<string, ReadonlyMap<string, readonly Interaction[]>>;
  readonly fingerprint: string;
}

export interface Interaction {
  readonly item: string;
  readonly value: number;
  readonly time?: number;
}

/** Facts of a graph: head, relation, tail. */
export interface TripleData {
  readonly kind: "triples";
  readonly format: string;
  readonly source: string;
  readonly entities: ReadonlyMap<string, TextItem>;
  readonly relations: ReadonlyMap<string, TextItem>;
  readonly splits: ReadonlyMap<string, readonly Triple[]>;
  readonly fingerprint: string;
}

export interface Triple {
  readonly head: string;
  readonly relation: string;
  readonly tail: string;
}

/** Whatever a file or folder was recognised as. */
export type Dataset = RetrievalData | LabelledData | ScoredData | InteractionData | TripleData;

/** What a search found for one query: score descending, then id ascending by code point. Ranks start at 1. */
export interface Hits {
  readonly ids: readonly string[];
  readonly scores: Float64Array;
}

/** Anything that answers queries with ranked documents: dense, BM25, TF-IDF, fused. */
export interface Retriever {
  readonly name: string;
  readonly fingerprint: string;
  /** One `Hits` a query, in the order of the queries, at most k long. */
  search(queries: readonly TextItem[], k: number): Promise<readonly Hits[]>;
}

/** A retriever that also scores given pairs, in the units of its search. */
export interface ScoringRetriever extends Retriever {
  /** One score a pair, in the order of the pairs; NaN for a document that it does not search. */
  scorePairs(pairs: readonly { readonly query: TextItem; readonly document: TextItem }[]): Promise<Float64Array>;
}

/** How two vectors are compared. */
export type Similarity = "cosine" | "dot";

/** Why a candidate may not be drawn. */
export interface Rejection {
  readonly filter: string;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** A document near a query. `toPositive` is its similarity to the reference positive, where known. */
export interface Candidate {
  readonly id: string;
  readonly score: number;
  readonly rank: number;
  readonly toPositive?: number;
  readonly rejected?: Rejection | null;
}

/** The candidates of one query, before anything is drawn: score descending, then id ascending. */
export interface ScoredPool {
  readonly query: TextItem;
  readonly positives: readonly { readonly id: string; readonly score: number; readonly rank: number | null }[];
  readonly similarity: Similarity | "bm25";
  /** The loss's scale (1 / temperature): samplers that look at score differences multiply by it. */
  readonly scale: number;
  readonly candidates: readonly Candidate[];
  readonly round: number;
}

/** A candidate drawn as a negative. */
export interface Negative {
  readonly id: string;
  readonly score: number;
  readonly rank: number;
  /** Probability of the first draw, before anything was drawn. */
  readonly probability: number;
}
