import { z } from "zod";
import { eye, maximum, mean, relu, size, slice, type Tensor, where } from "../graph/index.js";
import { defineLoss } from "./define.js";

/**
 * λ · invariance + μ · variance + ν · covariance of two views, without negatives (Bardes et al. 2022, VICReg, eq. 1–6). With unbiased variances
 * over the batch: v(Z) = 1/D Σ max(0, 1 − √(var + ε)), c(Z) = 1/D Σ_{i≠j} cov²_ij. `paper`: λ/n Σ|z − z'|² + μ (v + v') + ν (c + c'); `code`, the authors':
 * the first is also divided by D, the second halved. Queries and their own positives are the views.
 */
export const vicreg = defineLoss({
  name: "vicreg",
  options: z.strictObject({
    variant: z.enum(["code", "paper"]).default("code"),
    lambda: z.number().min(0).default(25),
    mu: z.number().min(0).default(25),
    nu: z.number().min(0).default(1),
    eps: z.number().positive().default(1e-4),
  }),
  build: {
    pairs: ({ queries, documents }, { variant, lambda, mu, nu, eps }) => {
      const views = [queries, slice(documents, 0, 0, queries.length(0))] as const;
      const squares = views[0].sub(views[1]).square();
      const invariance = variant === "code" ? mean(squares) : squares.sum(1).mean();
      const both = (of: (covariance: Tensor) => Tensor) =>
        views.map((view) => of(covarianceOf(view))).reduce((sum, one) => sum.add(one));
      const variance = both((cov) => mean(relu(diagonalOf(cov).add(eps).sqrt().neg().add(1)))).mul(
        variant === "code" ? 0.5 : 1,
      );
      const covariance = both((cov) =>
        where(eye(cov.length(0)).greater(0), 0, cov.square())
          .sum()
          .div(size(cov.length(0))),
      );
      return {
        loss: invariance.mul(lambda).add(variance.mul(mu)).add(covariance.mul(nu)),
        telemetry: { invariance, variance, covariance },
      };
    },
  },
});

/** Unbiased covariance of the columns of [rows, D]: [D, D]; of one row 0. */
function covarianceOf(z: Tensor): Tensor {
  const centred = z.sub(z.mean(0, { keepDims: true }));
  return centred.matmul(centred, { transposeA: true }).div(maximum(size(z.length(0)).sub(1), 1));
}

function diagonalOf(square: Tensor): Tensor {
  return where(eye(square.length(0)).greater(0), square, 0).sum(1);
}
