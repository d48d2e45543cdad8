import { createHash } from "node:crypto";
import { inputError } from "../base/errors.js";
import { compareCodePoints, textId } from "../base/text.js";
import type { LabelledData, ScoredData, ScoredPair } from "../base/types.js";

/** What is held out of one split into a new one. */
export interface HoldOutOptions {
  /** Default `dev`. */
  readonly to?: string;
  /** Default `train`. */
  readonly from?: string;
  /** The part that is held out, above 0 and below 1; default 0.1. */
  readonly share?: number;
  /** Whole classes, so that no label stands on both sides, or items; default `item`. */
  readonly by?: "item" | "class";
  /** Chooses among possible choices; default 1. */
  readonly seed?: number;
}

/**
 * Labelled data with a split `to`: as they are when they have one; otherwise a share of the items of `from`, or of its classes, chosen by a
 * hash of seed and id (or label). Items are taken from class after class, the share of each but at least two, since an item without another of its class measures nothing; classes of
 * fewer than four give none, where others can. With `class`, classes that share an item stay together. The fingerprint stays, since the choice is a function of content and options.
 * Throws `no-dev-split` where nothing can be held out, or all would be.
 */
export function holdOutItems(data: LabelledData, options: HoldOutOptions = {}): LabelledData {
  const { to = "dev", from = "train", share = 0.1, by = "item", seed = 1 } = options;
  if (data.splits.has(to)) return data;
  const ids = splitNamed(data, from);
  const groups = by === "item" ? ids.map((id) => ({ key: id, ids: [id] })) : classGroups(data, ids);
  const byClass = by === "item" ? ofEachClass(data, ids, checkedShare(share), seed) : [];
  const held = new Set(
    byClass.length > 0 ? byClass : chosen(data, groups, { share, seed, to }).flatMap((one) => one.ids),
  );
  const splits = new Map(data.splits);
  splits.set(
    from,
    ids.filter((id) => !held.has(id)),
  );
  splits.set(
    to,
    ids.filter((id) => held.has(id)),
  );
  return { ...data, splits };
}

/** Items of classes in the order of their hashes, until the share (and four items) is reached. */
function ofEachClass(data: LabelledData, ids: readonly string[], share: number, seed: number): readonly string[] {
  const classes = new Map<string, string[]>();
  for (const id of ids) {
    const label = data.items.get(id)?.labels[0] as string;
    const members = classes.get(label) ?? [];
    members.push(id);
    classes.set(label, members);
  }
  const wanted = Math.max(4, Math.round(share * ids.length));
  const held: string[] = [];
  for (const label of inHashOrder([...classes.keys()], seed)) {
    const members = classes.get(label) as string[];
    if (held.length >= wanted || members.length < 4) continue;
    held.push(...inHashOrder(members, seed).slice(0, Math.max(2, Math.round(share * members.length))));
  }
  return held;
}

/** The keys in the order of the hashes of seed and key. */
function inHashOrder(keys: readonly string[], seed: number): readonly string[] {
  return keys
    .map((key) => ({ key, hash: createHash("sha256").update(`${seed}:${key}`, "utf8").digest("hex") }))
    .sort((a, b) => compareCodePoints(a.hash, b.hash))
    .map(({ key }) => key);
}

function checkedShare(share: number): number {
  if (share > 0 && share < 1) return share;
  throw inputError("bad-usage", "a share is above 0 and below 1", { field: "share", found: String(share) });
}

/** As `holdOutItems` for scored pairs. Pairs of equal texts go the same way. */
export function holdOutPairs(data: ScoredData, options: Omit<HoldOutOptions, "by"> = {}): ScoredData {
  const { to = "dev", from = "train", share = 0.1, seed = 1 } = options;
  if (data.splits.has(to)) return data;
  const keyOf = ({ first, second }: ScoredPair) => `${textId(first.text)} ${textId(second.text)}`;
  const pairs = splitNamed(data, from);
  const groups = [...new Set(pairs.map(keyOf))].map((key) => ({ key }));
  const held = new Set(chosen(data, groups, { share, seed, to }).map(({ key }) => key));
  const splits = new Map(data.splits);
  splits.set(
    from,
    pairs.filter((pair) => !held.has(keyOf(pair))),
  );
  splits.set(
    to,
    pairs.filter((pair) => held.has(keyOf(pair))),
  );
  return { ...data, splits };
}

/** The items of a split, grouped so that items of one label are in one group; a group's key is its smallest label. */
function classGroups(data: LabelledData, ids: readonly string[]) {
  const parent = new Map<string, string>();
  const root = (label: string): string => {
    let at = label;
    for (let up = parent.get(at); up !== undefined; up = parent.get(at)) at = up;
    return at;
  };
  for (const id of ids) {
    const [first, ...others] = data.items.get(id)?.labels ?? [];
    for (const other of others) {
      const [a, b] = [root(first as string), root(other)].sort(compareCodePoints) as [string, string];
      if (a !== b) parent.set(b, a);
    }
  }
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const key = root(data.items.get(id)?.labels[0] as string);
    const group = groups.get(key) ?? [];
    group.push(id);
    groups.set(key, group);
  }
  return [...groups].map(([key, members]) => ({ key, ids: members }));
}

function splitNamed<T>(
  data: { readonly source: string; readonly splits: ReadonlyMap<string, readonly T[]> },
  name: string,
): readonly T[] {
  const split = data.splits.get(name);
  if (split !== undefined) return split;
  throw inputError("unknown-split", `the data have no split ${JSON.stringify(name)}`, {
    file: data.source,
    found: [...data.splits.keys()].join(", "),
    expected: name,
  });
}

/** The groups of the smallest hashes, at least one and never all. */
function chosen<T extends { readonly key: string }>(
  data: { readonly source: string },
  groups: readonly T[],
  { share, seed, to }: { readonly share: number; readonly seed: number; readonly to: string },
): readonly T[] {
  checkedShare(share);
  if (groups.length < 2) {
    throw inputError("no-dev-split", `there is no split ${JSON.stringify(to)} and nothing can be held out`, {
      file: data.source,
      found: groups.length === 1 ? "one item, or classes that are all connected through items" : "nothing",
      hint: "add the split to the data",
    });
  }
  const count = Math.min(groups.length - 1, Math.max(1, Math.round(share * groups.length)));
  const keys = new Set(
    inHashOrder(
      groups.map(({ key }) => key),
      seed,
    ).slice(0, count),
  );
  return groups.filter(({ key }) => keys.has(key));
}
