import type { HostTensor } from "../graph/host.js";
import { input, iota, type Tensor } from "../graph/index.js";
import type { Loss, PairBatch } from "../losses/types.js";
import { type TripletTelemetry, type TripletTelemetryOptions, tripletTelemetry } from "../miners/telemetry.js";
import type { LabelledBatch } from "../miners/types.js";
import { metrics } from "../nn/distances.js";

/** How telemetry compares vectors: as the loss does where its options say how, else by cosine. */
function comparisonOf({ options }: Pick<Loss, "options">): TripletTelemetryOptions {
  const { metric, normalize, margin } = options;
  return {
    metric: metrics.find((one) => one === metric) ?? "cosine",
    normalize: normalize === true,
    margin: typeof margin === "number" ? margin : 0,
  };
}

/** What the triplets of a labelled batch are like, in the loss's own distance. */
export function labelledTelemetry(loss: Pick<Loss, "options">, batch: LabelledBatch): TripletTelemetry {
  return tripletTelemetry(batch, comparisonOf(loss));
}

/** The loss, and what the triplets of each row with its negatives are like. */
export function withTelemetry(loss: Loss<"pairs">): Loss<"pairs"> {
  const pairs: Loss<"pairs">["build"]["pairs"] = (batch, parameters) => {
    const built = loss.build.pairs(batch, parameters);
    return { loss: built.loss, telemetry: { ...pairTelemetry(loss, batch), ...built.telemetry } };
  };
  return { ...loss, build: { pairs } };
}

function pairTelemetry(loss: Pick<Loss, "options">, { queries, documents, negatives }: PairBatch): TripletTelemetry {
  const [rows, columns] = [iota(queries.length(0)), iota(documents.length(0))];
  const positive = rows.unsqueeze(1).equal(columns.unsqueeze(0));
  const valid = rows.greaterOrEqual(0);
  const batch = { embeddings: queries, references: documents, positive, negative: negatives };
  return labelledTelemetry(loss, { ...batch, pairs: { anchor: rows, positive: rows, valid } });
}

/** Rows of one direction and length 1, [rows, dimension]: where a collapsed encoder puts everything. */
export function equalRows(name: string, dimension: number): { readonly node: Tensor; feed(rows: number): HostTensor } {
  return {
    node: input(name, [name, dimension]),
    feed: (rows) => ({
      dtype: "float32",
      shape: [rows, dimension],
      data: new Float32Array(rows * dimension).fill(dimension ** -0.5),
    }),
  };
}
