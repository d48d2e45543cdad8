import type { Paid } from "../front/paid.js";
import { count } from "../report/figures.js";

/** A result, and under `timing` what was asked of a server: that depends on what the cache had. */
export function apart<T extends { readonly usage?: unknown }>({ usage, ...result }: T) {
  return { result, ...(usage === undefined ? {} : { timing: { usage } }) };
}

/** A line about what was asked of a server, where there was one. */
export function usageLines({ usage }: Paid): readonly string[] {
  if (usage === undefined) return [];
  const { requests, texts, tokens } = usage;
  return [`asked of the server: ${count(requests)} requests, ${count(texts)} texts, ${count(tokens)} tokens`];
}
