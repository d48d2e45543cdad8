import type { ProductOp } from "../../graph/op.js";
import { apply, part, scalar, size, type Tensor } from "../../graph/tensor.js";
import { type GradientRules, onlyFirst } from "./rule.js";

export const productGradients: GradientRules<ProductOp> = {
  matmul: (dy, [a, b], _, { transposeA, transposeB, alpha }) => [
    transposeA
      ? b.matmul(dy, { transposeA: transposeB, transposeB: true, alpha })
      : dy.matmul(b, { transposeB: !transposeB, alpha }),
    transposeB
      ? dy.matmul(a, { transposeA: true, transposeB: transposeA, alpha })
      : a.matmul(dy, { transposeA: !transposeA, alpha }),
  ],
  linear: (dy, [x, weight], _, { alpha, beta }) => [
    dy.matmul(weight, { alpha }),
    dy.matmul(x, { transposeA: true, alpha }),
    dy.sum(0).mul(beta),
  ],
  // Put into a graph only when all gradients are there.
  int8Linear: "none",
  // With the output at hand, Σ dP ∘ P over the keys is Σ dO ∘ O over the width of a head, which is shorter. What was kept of P
  // serves dP too: P ∘ (M ∘ dP) is (M ∘ P) ∘ dP.
  attention: (dys, inputs, y, { scale, mask, dropoutRate }) => {
    const dOutput = onlyFirst("attention", dys);
    const [q, k, v] = inputs;
    const [probabilities, kept] = [part(y, 1), part(y, 2)];
    const alpha = 1 / (1 - dropoutRate);
    const dv = kept.matmul(dOutput, { transposeA: true, alpha });
    const dKept = dOutput.matmul(v, { transposeB: true, alpha });
    const rowSum = dOutput.mul(part(y, 0)).sum(-1, { keepDims: true });
    const dScores =
      dropoutRate > 0 ? kept.mul(dKept).sub(probabilities.mul(rowSum)) : probabilities.mul(dKept.sub(rowSum));
    const dq = dScores.matmul(k, { alpha: scale });
    const dk = dScores.matmul(q, { transposeA: true, alpha: scale });
    return [dq, dk, dv, mask ? dScores : null, null];
  },
  // With normal = (x - mean) · inverse and g = dy · scale: dx = inverse · (g - mean(g) - normal · mean(g · normal)),
  // where the means over a row are products with scale / width.
  layerNorm: (dys, [x, scale], y) => {
    const dy = onlyFirst("layerNorm", dys);
    const inverse = part(y, 2);
    const normal = x.sub(part(y, 1)).mul(inverse);
    const weighted = dy.mul(normal);
    const weights = scale.div(size(x.length(-1))).unsqueeze(1);
    const meanOf = (values: Tensor) => values.matmul(weights);
    const dx = dy
      .mul(scale)
      .sub(meanOf(dy))
      .sub(normal.mul(meanOf(weighted)))
      .mul(inverse);
    return [dx, weighted, dy];
  },
  squaredDistances: (dy, [a, b]) => ofPairs("weightedDifferences", dy.mul(2), a, b),
  weightedDifferences: (dy, [weights, a, b]) => [
    dy
      .mul(a)
      .sum(1, { keepDims: true })
      .sub(dy.matmul(b, { transposeB: true })),
    dy.mul(weights.sum(1, { keepDims: true })),
    weights.matmul(dy, { transposeA: true }).neg(),
  ],
  absoluteDistances: (dy, [a, b]) => ofPairs("weightedSigns", dy, a, b),
  weightedSigns: "none",
  geluGate: (dys, [u], y) => {
    // 2/√π · e^(-u²), its factor inside the power: a pass less over the widest activations.
    const slope = scalar(Math.log(2 / Math.sqrt(Math.PI)))
      .sub(u.square())
      .exp();
    return [onlyFirst("geluGate", dys).mul(part(y, 1).add(u.mul(slope)))];
  },
};

/** The gradients by a and b of what hangs on their differences; rows among themselves are pulled from both sides at once. */
function ofPairs(
  op: "weightedDifferences" | "weightedSigns",
  weights: Tensor,
  a: Tensor,
  b: Tensor,
): (Tensor | null)[] {
  if (a === b) return [apply(op, [weights.add(weights.transpose()), a, a], {}), null];
  return [apply(op, [weights, a, b], {}), apply(op, [weights.transpose(), b, a], {})];
}
