import { input, l2Normalize, linear, parameter, relu, type Tensor } from "../graph/index.js";
import type { Encoder } from "./encoder.js";

/** Layers of widths: of what comes in, and of what each layer gives; the last one is the vector. One layer is a linear map. */
export interface MlpConfig {
  readonly inputs: number;
  readonly layers: readonly number[];
  /** What the layers give is added to the row that comes in, of length √inputs: with a last layer of 0 the network leaves every direction as it is. */
  readonly residual?: true;
}

/** An encoder of rows of numbers: pixels, or vectors that somebody else made. */
export interface FeatureEncoder extends Encoder<Float32Array> {
  readonly family: "mlp";
  /** Rows [batch, inputs] → vectors [batch, dimension], for export. */
  forwardRows(rows: Tensor): Tensor;
}

/** Linear layers with ReLU between them, perhaps added to what comes in. Weights are `layers.I.weight` [out, in] and `layers.I.bias`. */
export function mlpEncoder({ inputs, layers, residual }: MlpConfig): FeatureEncoder {
  const shapes = mlpParameters({ inputs, layers });
  const weight = (name: string): Tensor => parameter(name, shapes.get(name) as readonly number[]);
  const throughLayers = (rows: Tensor): Tensor =>
    layers.reduce((x, _, i) => {
      const y = linear(x, weight(`layers.${i}.weight`), weight(`layers.${i}.bias`));
      return i === layers.length - 1 ? y : relu(y);
    }, rows);
  const forwardRows = (rows: Tensor): Tensor => {
    if (residual === undefined) return throughLayers(rows);
    // Numbers of about 1, however long the vectors that came in, so that one learning rate serves all.
    const unit = l2Normalize(rows).mul(Math.sqrt(inputs));
    return unit.add(throughLayers(unit));
  };
  return {
    family: "mlp",
    dimension: layers.at(-1) as number,
    parameters: shapes,
    collate: (items) => ({
      key: "mlp",
      groups: 1,
      feeds: { features: { dtype: "float32", shape: [items.length, inputs], data: sideBySide(items, inputs) } },
      place: Int32Array.from(items.keys()),
    }),
    forward: () => forwardRows(input("features", ["items", inputs])),
    forwardRows,
  };
}

/** Names and shapes of the parameters, layer by layer. */
export function mlpParameters({ inputs, layers }: MlpConfig): ReadonlyMap<string, readonly number[]> {
  return new Map(
    layers.flatMap((out, i): [string, readonly number[]][] => [
      [`layers.${i}.weight`, [out, layers[i - 1] ?? inputs]],
      [`layers.${i}.bias`, [out]],
    ]),
  );
}

function sideBySide(items: readonly Float32Array[], width: number): Float32Array {
  const data = new Float32Array(items.length * width);
  for (const [i, item] of items.entries()) data.set(item, i * width);
  return data;
}
