import { z } from "zod";
import { inputError } from "../base/errors.js";
import { diagonal, l2Normalize, mean, rowDot, slice, stopGradient, type Tensor } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf } from "./masked.js";
import { type Block, blocksOf, crossEntropy } from "./softmax.js";
import type { PairBatch } from "./types.js";

/**
 * One softmax over queries–documents, queries–queries and positives–positives in which a frozen guide model removes suspected false negatives
 * (Solatorio 2024, GISTEmbed, eq. 1–3): an entry is left out where the guide's cosine of the two is above the limit, guidePos − margin (`absolute`)
 * or guidePos − |guidePos| · margin (`relative`), guidePos being its cosine of the row's own pair. The test is strict, so that at margin 0 an exact
 * copy of the positive stays a negative in the paper's code; here known positives are masked by id whatever the guide says.
 */
export const gist = defineLoss({
  name: "gist",
  options: z.strictObject({
    temperature: z.number().positive().default(0.01),
    marginStrategy: z.enum(["absolute", "relative"]).default("absolute"),
    margin: z.number().min(0).default(0),
    contrastAnchors: z.boolean().default(true),
    contrastPositives: z.boolean().default(true),
  }),
  build: {
    pairs: (batch, { temperature, marginStrategy, margin, contrastAnchors, contrastPositives }) => {
      const rows = batch.queries.length(0);
      const guide = guideOf(batch, rows);
      const ownPair = rowDot(guide.queries, guide.own).unsqueeze(1);
      const limit = ownPair.sub(marginStrategy === "absolute" ? margin : ownPair.abs().mul(margin));
      const blocks = blocksOf(batch, { scale: 1 / temperature, similarity: "cosine" });
      const queryToDoc = blocks.query_to_doc();
      const positives = diagonal(queryToDoc.logits);
      const square = ({ logits, negatives }: Block): Block => ({
        logits: slice(logits, 1, 0, rows),
        negatives: slice(negatives, 1, 0, rows),
      });
      // Each block, and what the guide compares there.
      const compared: readonly (readonly [Block, Tensor, Tensor])[] = [
        [queryToDoc, guide.queries, guide.documents],
        ...(contrastAnchors ? [[blocks.query_to_query(), guide.queries, guide.queries] as const] : []),
        ...(contrastPositives ? [[square(blocks.doc_to_doc()), guide.own, guide.own] as const] : []),
      ];
      const kept = compared.map(([{ logits, negatives }, a, b]) => ({
        logits,
        negatives: negatives.and(similarityMatrix(a, b, "dot").lessOrEqual(limit)),
      }));
      const count = (of: readonly Tensor[]) => of.map((mask) => countOf(mask)).reduce((sum, one) => sum.add(one));
      const left = count(kept.map(({ negatives }) => negatives));
      const given = count(compared.map(([{ negatives }]) => negatives));
      return {
        loss: mean(crossEntropy(positives, kept)),
        telemetry: { positiveScore: mean(positives).mul(temperature), maskedByGuide: given.sub(left) },
      };
    },
  },
});

/** The guide's unit vectors, constants. */
function guideOf({ guide }: PairBatch, rows: Tensor["shape"][number]) {
  if (guide === undefined) throw inputError("bad-batch", "gist: the batch has no vectors of a guide");
  const [queries, documents] = [guide.queries, guide.documents].map((x) => l2Normalize(stopGradient(x))) as [
    Tensor,
    Tensor,
  ];
  return { queries, documents, own: slice(documents, 0, 0, rows) };
}
