import type { HostedUsage } from "../encode/hosted.js";

/** A result with what was asked of a model behind a URL, where it came from one: less where vectors were in the cache. */
export interface Paid {
  readonly usage?: HostedUsage;
}

/** What was asked so far, for a result. */
export function paid(usage: (() => HostedUsage) | undefined): Paid {
  return usage === undefined ? {} : { usage: usage() };
}
