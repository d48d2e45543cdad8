import { inputError } from "../base/errors.js";
import type { RetrievalData, Split } from "../base/types.js";
import { type Measure, parseMeasures } from "../evaluate/measures.js";
import { judgedQueries } from "../evaluate/per-query.js";
import type { MineOptions } from "../negatives/mine.js";
import { checkStandingFilter, parseFilter } from "../negatives/parse-filter.js";
import { parseSampler } from "../negatives/parse-sampler.js";
import type { TrainConfig } from "./config.js";

export type Mining = Pick<MineOptions, "sampler" | "filters" | "without" | "count" | "short">;

/** The sampler and filters of a configuration; null for in-batch negatives alone. */
export function miningOptions(config: TrainConfig): Mining | null {
  if (config.sampler === "in-batch") return null;
  const params = new Map(Object.entries(config.samplerParams).map(([name, value]) => [name, String(value)]));
  return {
    sampler: parseSampler(config.sampler, params),
    filters: config.filters.flatMap((text) => parseFilter(text) ?? []),
    without: config.noFilters.map(checkStandingFilter),
    count: config.count,
    short: config.short,
  };
}

/** The measure that chooses the best step. Throws `bad-config` for several. */
export function oneMeasure(metric: string): Measure {
  const [measure, ...more] = parseMeasures(metric);
  if (measure !== undefined && more.length === 0 && measure.name === metric) return measure;
  throw inputError("bad-config", "one measure chooses the best model", { field: "metric", found: metric });
}

/** Throws `no-judged-queries` where the split that chooses the best step measures nothing. */
export function requireJudged({ source }: RetrievalData, split: Split): void {
  if (judgedQueries(split).length > 0) return;
  throw inputError("no-judged-queries", "the split that chooses the best model has no query with a relevant document", {
    file: source,
    field: split.name,
  });
}
