import { noProgress, type Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import type { TextTokenizer } from "./tokenize.js";

export interface TokenizeAllOptions {
  readonly addSpecialTokens?: boolean;
  readonly progress?: Progress;
  /** Hears of truncated texts: code `text-truncated`. */
  readonly warnings?: Warnings;
}

/** Milliseconds of tokenising after which the event loop gets its turn. */
const turn = 8;

/**
 * The token ids of many texts by id, so that training reads each text once. `textOf` gives what the model reads of an item
 * (with its title or prompt). Other work of the thread goes on between texts.
 */
export async function tokenizeAll<T extends { readonly id: string }>(
  tokenizer: TextTokenizer,
  items: Iterable<T>,
  textOf: (item: T) => string,
  options: TokenizeAllOptions = {},
): Promise<ReadonlyMap<string, Int32Array>> {
  const { addSpecialTokens = true, progress = noProgress, warnings } = options;
  const onTruncated = () =>
    warnings?.add("text-truncated", `texts longer than ${tokenizer.maxLength} tokens were cut to that length`);
  const ids = new Map<string, Int32Array>();
  let since = performance.now();
  for (const item of items) {
    ids.set(item.id, tokenizer.encode(textOf(item), { addSpecialTokens, onTruncated }));
    if (performance.now() - since > turn) {
      progress({ stage: "tokenise", done: ids.size });
      await new Promise<void>((resolve) => setImmediate(resolve));
      since = performance.now();
    }
  }
  progress({ stage: "tokenise", done: ids.size, total: ids.size });
  return ids;
}
