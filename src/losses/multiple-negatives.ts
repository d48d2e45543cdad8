import { z } from "zod";
import { defineLoss } from "./define.js";
import { directions, softmaxLoss } from "./softmax.js";

const similarity = z.enum(["cosine", "dot"]).default("cosine");
/** Factor on the similarity, 1 / temperature. */
const scale = (initial: number) => z.number().positive().default(initial);

const oneDirection = <const N extends string>(name: N) =>
  defineLoss({
    name,
    options: z.strictObject({
      scale: scale(20),
      similarity,
      /** α of α · similarity, a constant, added to the logits of in-batch negatives: the harder, the more they count. */
      inBatchHardness: z.number().min(0).default(0),
      /** The same for hard negatives that were drawn for the row. */
      ownHardness: z.number().min(0).default(0),
    }),
    build: {
      pairs: (batch, { inBatchHardness, ownHardness, ...options }) =>
        softmaxLoss(batch, {
          ...options,
          softmaxes: [["query_to_doc"]],
          hardness: { inBatch: inBatchHardness, own: ownHardness },
        }),
    },
  });

/**
 * In-batch softmax over the positives of the batch, `softmaxLoss` in one direction. Known in the literature as multiple negatives ranking
 * (Henderson et al. 2017), InfoNCE (van den Oord et al. 2018, eq. 4), N-pair-mc with a temperature, and the in-batch negative log-likelihood
 * of DPR (Karpukhin et al. 2020, eq. 2, on dot products). Hardness is Robinson et al.'s (2021) weight e^{α s} of each negative.
 */
export const mnrl = oneDirection("mnrl");
/** `mnrl` with known positives masked by id: the batch's masks do that, in every loss. */
export const mnrlMasked = oneDirection("mnrl-masked");
/** `mnrl` with hard negatives: further columns of the batch, which every row sees. */
export const mnrlHardNegatives = oneDirection("mnrl-hard-negatives");

const inDirections = <const N extends string>(
  name: N,
  initial: {
    readonly scale: number;
    readonly directions: (typeof directions)[number][];
    readonly partition: Partition;
  },
) =>
  defineLoss({
    name,
    options: z
      .strictObject({
        scale: scale(initial.scale),
        similarity,
        directions: z.array(z.enum(directions)).min(1).default(initial.directions),
        /** One softmax over all directions, or one for each, whose losses are averaged. */
        partition: z.enum(["joint", "per-direction"]).default(initial.partition),
      })
      .refine(
        ({ directions, partition }) =>
          directions[partition === "joint" ? "some" : "every"](
            (one) => one === "query_to_doc" || one === "doc_to_query",
          ),
        { path: ["directions"], error: "a softmax without query_to_doc or doc_to_query has no positive" },
      ),
    build: {
      pairs: (batch, { directions, partition, ...options }) =>
        softmaxLoss(batch, {
          ...options,
          softmaxes: partition === "joint" ? [directions] : directions.map((direction) => [direction]),
        }),
    },
  });

type Partition = "joint" | "per-direction";

/** Both directions, a softmax each: CLIP's loss (Radford et al. 2021, fig. 3). */
export const mnrlSymmetric = inDirections("mnrl-symmetric", {
  scale: 20,
  directions: ["query_to_doc", "doc_to_query"],
  partition: "per-direction",
});

/**
 * All four directions in one softmax: the improved contrastive loss of GTE (Li et al. 2023, eq. 2). The own pair is in the sum twice, so the
 * loss is at least ln 2. A document is not compared with the hard negatives of its own row.
 */
export const gteJoint = inDirections("gte-joint", { scale: 100, directions: [...directions], partition: "joint" });

/** `mnrl` by the literature's name and with a temperature (van den Oord et al. 2018, eq. 4); `symmetric` is `mnrl-symmetric`. */
export const infoNce = defineLoss({
  name: "info-nce",
  options: z.strictObject({
    temperature: z.number().positive().default(0.05),
    similarity,
    symmetric: z.boolean().default(false),
  }),
  build: {
    pairs: (batch, { temperature, similarity, symmetric }) =>
      softmaxLoss(batch, {
        scale: 1 / temperature,
        similarity,
        softmaxes: symmetric ? [["query_to_doc"], ["doc_to_query"]] : [["query_to_doc"]],
      }),
  },
});
