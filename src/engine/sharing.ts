import { type Bindings, type Dim, evaluateDim } from "../graph/dim.js";
import type { OpName } from "../graph/op.js";
import { isOp, type Tensor } from "../graph/tensor.js";

/** A matrix product of a graph: [m, k] times [k, n]. */
export interface MatrixProduct {
  readonly m: Dim;
  readonly n: Dim;
  readonly k: Dim;
}

const productOps: ReadonlySet<OpName> = new Set<OpName>(["linear", "squaredDistances", "weightedDifferences"]);

/** Products whose last bits can depend on the number of threads; those of a transposed left side never do. */
export function matrixProducts(nodes: readonly Tensor[]): MatrixProduct[] {
  return nodes.flatMap((node) => {
    const multiplies = productOps.has(node.op) || (isOp(node, "matmul") && !node.attributes.transposeA);
    if (!multiplies) return [];
    const [m, n] = node.shape.slice(-2) as [Dim, Dim];
    return [{ m, n, k: node.inputs[0]?.shape.at(-1) as Dim }];
  });
}

/**
 * Whether some number of threads up to `threads` would give a product other last bits than one thread. onnxruntime 1.30 shares a product
 * with more columns than rows by columns, in multiples of 16, and adds up the inner length in blocks of 128, or of more where a share has 64
 * columns or fewer (mlas/lib/sgemm.cpp): a share's width decides the order of a sum.
 */
export function sharingShows(products: readonly MatrixProduct[], bindings: Bindings, threads: number): boolean {
  return products.some((product) => {
    const [m, n, k] = [product.m, product.n, product.k].map((length) => evaluateDim(length, bindings)) as [
      number,
      number,
      number,
    ];
    if (m < 2 || n <= m || k <= BLOCK) return false;
    const whole = blockOf(n, k);
    const columns = Math.ceil(n / ALIGNMENT);
    for (let shares = 2; shares <= Math.min(threads, columns); shares++) {
      const narrow = Math.floor(columns / shares) * ALIGNMENT;
      const last = n - ALIGNMENT * (columns - Math.floor(columns / shares));
      if ([narrow, narrow + ALIGNMENT, last].some((width) => width <= n && blockOf(width, k) !== whole)) return true;
    }
    return false;
  });
}

const BLOCK = 128;
const ALIGNMENT = 16;

/** Length of the blocks in which a sum over k > 128 is added up, for n columns. */
function blockOf(n: number, k: number): number {
  if (n >= k) return BLOCK;
  let block = BLOCK;
  for (let width = BLOCK; width > ALIGNMENT && width / 2 >= n; width /= 2) block *= 2;
  return Math.min(block, k);
}
