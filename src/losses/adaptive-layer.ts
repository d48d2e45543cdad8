import { inputError } from "../base/errors.js";
import { logSoftmax, mean, softmax, stopGradient, type Tensor } from "../graph/index.js";
import type { Loss, LossOutput, PairBatch } from "./types.js";

export interface AdaptiveLayerOptions {
  readonly lastLayerWeight: number;
  readonly priorLayersWeight: number;
  /** Weight of KL(last ‖ layer) over the dimensions of each vector. */
  readonly klWeight: number;
  readonly klTemperature: number;
}

/**
 * A loss on the last layer's vectors and on those of earlier layers, so that an encoder can be cut short (Li et al. 2024, 2D Matryoshka, eq. 4–6):
 * w_last · L + mean over layers of [ w_prior · L(layer) + w_kl · T · KL(softmax(last / T) ‖ softmax(layer / T)) ], the last layer a constant in the latter.
 *
 * It needs of the encoder that one forward pass also gives the pooled vectors of some earlier layers: the batch's `layers`. Which layers a step
 * takes is up to who builds the program. Throws `bad-batch` without any.
 */
export function adaptiveLayer(inner: Loss<"pairs">, options: Partial<AdaptiveLayerOptions> = {}): Loss<"pairs"> {
  if (!("pairs" in inner.build)) {
    throw inputError("bad-option", "adaptive-layer: the loss inside must be over pairs", {
      found: (inner as Loss).name,
    });
  }
  const { lastLayerWeight = 1, priorLayersWeight = 1, klWeight = 1, klTemperature = 0.3 } = options;
  const pairs = (batch: PairBatch, parameters: Parameters<typeof inner.build.pairs>[1]): LossOutput => {
    const { layers = [] } = batch;
    if (layers.length === 0)
      throw inputError("bad-batch", "adaptive-layer: the encoder gives no vectors of earlier layers");
    const last = inner.build.pairs(batch, parameters);
    const prior = layers.map((layer) => {
      const loss = inner.build.pairs({ ...batch, ...layer }, parameters).loss.mul(priorLayersWeight);
      const divergence = klOf(batch.queries, layer.queries, klTemperature).add(
        klOf(batch.documents, layer.documents, klTemperature),
      );
      return loss.add(divergence.mul(0.5 * klWeight * klTemperature));
    });
    const sum = prior.reduce((total, one) => total.add(one)).mul(1 / prior.length);
    return { loss: last.loss.mul(lastLayerWeight).add(sum), telemetry: { ...last.telemetry, priorLayers: sum } };
  };
  return {
    ...inner,
    name: `adaptive-layer(${inner.name})`,
    options: { ...inner.options, lastLayerWeight, priorLayersWeight, klWeight, klTemperature },
    build: { pairs },
  };
}

/** Mean over rows of KL(softmax(last / T) ‖ softmax(layer / T)) along the dimensions. */
function klOf(last: Tensor, layer: Tensor, temperature: number): Tensor {
  const wanted = stopGradient(last).mul(1 / temperature);
  const found = layer.mul(1 / temperature);
  return mean(
    softmax(wanted, 1)
      .mul(logSoftmax(wanted, 1).sub(logSoftmax(found, 1)))
      .sum(1),
  );
}
