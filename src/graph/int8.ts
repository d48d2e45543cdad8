import { dimSymbols } from "./dim.js";
import { remade } from "./optimise.js";
import { apply, isOp, part, type Tensor } from "./tensor.js";
import { topological } from "./walk.js";

/** Which products become products of 8-bit integers. */
export interface Int8Options {
  /** Products x Wᵀ of the forward pass. */
  readonly forward: boolean;
  /** Products dy W of the backward pass. */
  readonly inputGradient: boolean;
  /** Magnitude of a quantised weight: 127, or 63 on processors whose 8-bit products saturate beyond. */
  readonly limit: number;
  /** Only rows counted by this symbol are worth it: tokens, not the vectors of whole texts. */
  readonly rows: string;
  /** Rows of tables, too: for small files. */
  readonly tables?: boolean;
}

/**
 * The same expressions with the products of rows and weights by 8-bit integers, in the manner of SwitchBack (Wortsman et al. 2023) with a scale
 * for each row and each output. Weight gradients stay float32. The gradients of an expression must be there already: they are those of the float32 products.
 */
export function withInt8Products(roots: readonly Tensor[], options: Int8Options): readonly Tensor[] {
  const rewritten = new Map<Tensor, Tensor>();
  const of = (node: Tensor) => rewritten.get(node) as Tensor;
  for (const node of topological(roots)) {
    const inputs = node.inputs.map(of);
    rewritten.set(
      node,
      isOp(node, "part")
        ? part(inputs[0] as Tensor, node.attributes.index)
        : (int8(node, inputs, options) ?? remade(node, inputs)),
    );
  }
  return roots.map(of);
}

function int8(node: Tensor, inputs: readonly Tensor[], options: Int8Options): Tensor | null {
  const [x, weight] = inputs;
  if (
    options.tables === true &&
    isOp(node, "gather") &&
    node.attributes.axis === 0 &&
    x?.op === "parameter" &&
    x.rank === 2
  ) {
    return apply("int8Gather", inputs, {});
  }
  const fits =
    weight?.op === "parameter" && x?.rank === 2 && weight.rank === 2 && dimSymbols(x.length(0)).includes(options.rows);
  if (!fits) return null;
  const { limit } = options;
  if (isOp(node, "linear") && options.forward) {
    const { alpha, beta } = node.attributes;
    return apply("int8Linear", inputs, { alpha, beta, transposed: false, limit });
  }
  if (!isOp(node, "matmul") || !options.inputGradient) return null;
  const { alpha, transposeA, transposeB } = node.attributes;
  return transposeA || transposeB ? null : apply("int8Linear", inputs, { alpha, beta: 1, transposed: true, limit });
}
