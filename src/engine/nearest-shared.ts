import { type Calls, startCalls } from "./calls.js";
import type { NearestRows, Searcher } from "./nearest.js";
import { createBoards } from "./nearest-board.js";
import { questionToSend, toSend } from "./protocol.js";

/** A set of vectors, and who keeps it: this thread, or a helper under a number. */
export type SharedRows<H> = { readonly rows: number; readonly values: number } & (
  | { readonly member: 0; readonly held: H }
  | { readonly member: number; readonly held: number }
);

/**
 * Spreads sets of vectors over `threads` threads; each searches its own by itself, and the best of all are put together. One product shared by all threads
 * would leave what comes after it, noting and deciding, to one of them. `alone` and `own` are searchers over the same memory: with all threads for a product, where nothing is
 * shared yet, and with one. `worthSharing`: values that this thread keeps before others are started for more; to start one takes longer than to search fewer.
 */
export function createSharedSearcher<H>(
  alone: Searcher<H>,
  own: Searcher<H>,
  threads: number,
  worthSharing = 2 ** 22,
): Searcher<SharedRows<H>> {
  const helpers = new Map<number, Promise<Calls>>();
  /** Values that each member keeps. */
  const kept = new Float64Array(threads);
  let everHeld = 0;
  const helper = (member: number): Promise<Calls> => {
    const started = helpers.get(member) ?? startCalls(new URL("./nearest-helper.js", import.meta.url), undefined);
    helpers.set(member, started);
    return started;
  };

  return {
    async hold(vectors, precision) {
      const values = vectors.data.length;
      everHeld += values;
      const member = everHeld <= worthSharing ? 0 : kept.indexOf(Math.min(...kept));
      kept[member]! += values;
      const base = { rows: vectors.shape[0] ?? 0, values };
      if (member === 0) return { ...base, member: 0, held: await alone.hold(vectors, precision) };
      const held = await (await helper(member)).call<number>("hold", [toSend(vectors), precision]);
      return { ...base, member, held };
    },
    free({ member, held, values }) {
      kept[member]! -= values;
      if (member === 0) alone.free(held as H);
      // What fails here, fails at the next search, too, and is told there.
      else
        helpers
          .get(member)
          ?.then(({ call }) => call("free", [held]))
          .catch(() => undefined);
    },
    async nearest(question, among) {
      const shares = sharesOf(among);
      if (shares.every(({ member }) => member === 0))
        return alone.nearest(
          question,
          among.map(({ held }) => held as H),
        );
      const count = question.queries.shape[0] ?? 0;
      const boards = createBoards(
        question.k,
        count,
        shares.map(({ rows }) => rows.at(-1)!),
      );
      const searched = await Promise.allSettled(
        shares.map(async ({ member, sets, starts, rows }, i) => {
          const asked = { ...question, board: boards[i]! };
          const part =
            member === 0
              ? own.nearest(
                  asked,
                  sets.map(({ held }) => held as H),
                )
              : (await helper(member)).call<NearestRows>("nearest", [
                  questionToSend(asked),
                  sets.map(({ held }) => held),
                ]);
          const best = await part;
          return { ...best, rows: globalRows(best.rows, starts, rows) };
        }),
      );
      // Only now has nobody use for the sets any more.
      const found = searched.map((one) => {
        if (one.status === "rejected") throw one.reason;
        return one.value;
      });
      return bestOf(found, count, question.k);
    },
    async close() {
      await alone.close();
      await own.close();
      for (const started of helpers.values()) await (await started).end();
      helpers.clear();
    },
  };
}

/** The sets that one member searches: where each begins among all rows, and among its own. */
interface Share<H> {
  readonly member: number;
  readonly sets: SharedRows<H>[];
  readonly starts: number[];
  readonly rows: number[];
}

function sharesOf<H>(among: readonly SharedRows<H>[]): readonly Share<H>[] {
  const shares = new Map<number, Share<H>>();
  let start = 0;
  for (const set of among) {
    const share = shares.get(set.member) ?? { member: set.member, sets: [], starts: [], rows: [0] };
    shares.set(set.member, share);
    share.sets.push(set);
    share.starts.push(start);
    share.rows.push(share.rows.at(-1)! + set.rows);
    start += set.rows;
  }
  return [...shares.values()];
}

/** Rows among a member's own as rows among all. */
function globalRows(own: Int32Array, starts: readonly number[], rows: readonly number[]): Int32Array {
  return own.map((row) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return starts[low]! + row - rows[low]!;
  });
}

/** The best k of each query from lists that are in order each. */
function bestOf(found: readonly NearestRows[], count: number, k: number): NearestRows {
  const total = found.reduce((sum, { rows }) => sum + rows.length, 0);
  const most = Math.min(total, k * count);
  const best = { starts: new Int32Array(count + 1), rows: new Int32Array(most), scores: new Float64Array(most) };
  let at = 0;
  for (let query = 0; query < count; query++) {
    const next = found.map(({ starts }) => starts[query]!);
    for (const end = at + k; at < end; at++) {
      let leader = -1;
      for (let i = 0; i < found.length; i++) {
        if (next[i]! === found[i]!.starts[query + 1]) continue;
        if (leader < 0 || before(found[i]!, next[i]!, found[leader]!, next[leader]!)) leader = i;
      }
      if (leader < 0) break;
      best.rows[at] = found[leader]!.rows[next[leader]!]!;
      best.scores[at] = found[leader]!.scores[next[leader]!]!;
      next[leader]!++;
    }
    best.starts[query + 1] = at;
  }
  return { ...best, rows: best.rows.slice(0, at), scores: best.scores.slice(0, at) };
}

function before(a: NearestRows, i: number, b: NearestRows, j: number): boolean {
  return a.scores[i]! > b.scores[j]! || (a.scores[i] === b.scores[j] && a.rows[i]! < b.rows[j]!);
}
