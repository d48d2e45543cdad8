import { checkNumber } from "../check.js";
import { type Filter, rejecting } from "../filter.js";

/** Keeps the ranks `low` … `high`, both included. Ranks are those of the retrieved list, from 1, positives counted. */
export function rankWindow({ low, high }: { readonly low: number; readonly high: number }): Filter {
  checkNumber("rank-window low", low, { least: 1, integer: true });
  checkNumber("rank-window high", high, { least: low, integer: true });
  return rejecting("rank-window", { low, high }, () => ({ rank }) => {
    if (rank < low) return { value: rank, threshold: low };
    return rank > high ? { value: rank, threshold: high } : null;
  });
}
