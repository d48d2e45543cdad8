// A thread that keeps and searches a share of the vectors for nearest-shared.ts.
import { createWasmHost } from "./host-wasm.js";
import type { NearestQuestion } from "./nearest.js";
import { createWasmSearcher, type HeldRows } from "./nearest-wasm.js";
import { serveCalls } from "./serve.js";

const { hold, free, nearest } = createWasmSearcher(createWasmHost(), 1);
const sets = new Map<number, HeldRows>();
let last = 0;

/** A searcher whose sets of vectors have numbers, which cross threads. */
const byNumber = {
  async hold(...vectors: Parameters<typeof hold>): Promise<number> {
    sets.set(++last, await hold(...vectors));
    return last;
  },
  free(set: number): void {
    free(sets.get(set) as HeldRows);
    sets.delete(set);
  },
  nearest: (question: NearestQuestion, among: readonly number[]) =>
    nearest(
      question,
      among.map((set) => sets.get(set) as HeldRows),
    ),
};

serveCalls(byNumber);
