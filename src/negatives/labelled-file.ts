import { writeFileAtomic, writeStreamAtomic } from "../base/files.js";
import { fileFingerprint } from "../base/fingerprint.js";
import type { LabelledItem } from "../base/types.js";
import type { MinedAnchor, MinedTriplet } from "./labelled.js";
import { type ScoreSummary, summarize } from "./statistics.js";
import { manifestPath } from "./writing.js";

/** A line is an anchor with its positive and negative, or with one of them. */
export type LabelledFormat = "triplets" | "pairs";

export interface LabelledNegativesFile {
  readonly anchors: number;
  /** Lines of the file. */
  readonly rows: number;
  /** Anchors that took the hardest for want of a semi-hard one. */
  readonly fallback: number;
  /** Anchors left out, by reason: `no-positive`, `no-negative`, `no-semi-hard`. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly distances: { readonly positive: ScoreSummary; readonly negative: ScoreSummary };
}

/** Writes what was mined as JSON lines, gzipped where the path ends in `.gz`, and the manifest beside it. Both appear whole or not at all. */
export async function writeLabelledNegatives(
  path: string,
  format: LabelledFormat,
  mined: AsyncIterable<MinedAnchor>,
  items: readonly LabelledItem[],
  manifest: Readonly<Record<string, unknown>>,
): Promise<LabelledNegativesFile> {
  const found: MinedTriplet[] = [];
  const dropped = new Map<string, number>();
  let rows = 0;
  await writeStreamAtomic(path, lines());
  const result: LabelledNegativesFile = {
    anchors: found.length + [...dropped.values()].reduce((sum, n) => sum + n, 0),
    rows,
    fallback: found.filter(({ source }) => source === "fallback").length,
    dropped: Object.fromEntries(dropped),
    distances: {
      positive: summarize(found.map((one) => one.positiveDistance)),
      negative: summarize(found.map((one) => one.negativeDistance)),
    },
  };
  const file = { ...manifest, format, result, fingerprint: await fileFingerprint(path) };
  writeFileAtomic(manifestPath(path), `${JSON.stringify(file, null, 2)}\n`);
  return result;

  async function* lines(): AsyncGenerator<string> {
    for await (const one of mined) {
      if (one.kind === "dropped") {
        dropped.set(one.reason, (dropped.get(one.reason) ?? 0) + 1);
        continue;
      }
      found.push(one.triplet);
      const records = labelledRows(format, one.triplet, items);
      rows += records.length;
      yield records.map((row) => `${JSON.stringify(row)}\n`).join("");
    }
  }
}

/** The lines of one triplet; texts where items have them. */
export function labelledRows(format: LabelledFormat, mined: MinedTriplet, items: readonly LabelledItem[]): object[] {
  const [anchor, positive, negative] = [mined.anchor, mined.positive, mined.negative].map((row) => items[row]) as [
    LabelledItem,
    LabelledItem,
    LabelledItem,
  ];
  if (format === "triplets")
    return [
      {
        ...texts({ anchor, positive, negative }),
        anchor_id: anchor.id,
        positive_id: positive.id,
        negative_id: negative.id,
        positive_distance: mined.positiveDistance,
        negative_distance: mined.negativeDistance,
      },
    ];
  return [
    { other: positive, label: 1, distance: mined.positiveDistance },
    { other: negative, label: 0, distance: mined.negativeDistance },
  ].map(({ other, label, distance }) => ({
    ...texts({ anchor, text: other }),
    label,
    distance,
    anchor_id: anchor.id,
    text_id: other.id,
  }));
}

function texts(named: Readonly<Record<string, LabelledItem>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, { text }]) => (text === undefined ? [] : [[name, text]])),
  );
}
