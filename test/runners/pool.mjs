// Pools from the inputs of the sampler files.

/** A pool whose candidates are `scores` in the given order; ids may be numbers. */
export function poolOf({ ids, scores, positiveScores = [], positiveIds, outside = false, knownPositives = [] }) {
  const rank = outside ? null : 1;
  return {
    query: { id: "q", text: "q" },
    positives: [
      ...positiveScores.map((score, i) => ({ id: positiveIds?.[i] ?? `positive-${i}`, score, rank })),
      ...knownPositives.map((id) => ({ id: String(id), score: 0, rank })),
    ],
    similarity: "dot",
    scale: 1,
    candidates: scores.map((score, i) => ({ id: String(ids?.[i] ?? i), score, rank: i + 1 })),
    round: 0,
  };
}

/** The pool in its contract order: score descending, ties as they stood. */
export function ranked(pool) {
  const sorted = [...pool.candidates].sort((a, b) => b.score - a.score);
  return { ...pool, candidates: sorted.map((candidate, i) => ({ ...candidate, rank: i + 1 })) };
}

/** Ids of what a filter or sampler left, as the numbers of the file. */
export const numbers = (items) => items.map(({ id }) => Number(id));

export const keptIds = (pool) => numbers(pool.candidates.filter(({ rejected }) => (rejected ?? null) === null));

/** `got` of the keys that `expected` has, from functions by key; null where a key has no function. */
export function gather(expected, functions) {
  const keys = Object.keys(expected).filter((key) => key !== "note");
  if (!keys.every((key) => key in functions)) return null;
  return Object.fromEntries(keys.map((key) => [key, functions[key]()]));
}
