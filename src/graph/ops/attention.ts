import { inputError } from "../../base/errors.js";
import type { Shape } from "../shape.js";
import { apply, part, type Tensor } from "../tensor.js";

/** The rate that is really used: the nearest multiple of 1/256 (a mask takes one byte of randomness an element). */
export function dropoutRate(rate: number): number {
  const rounded = Math.round(rate * 256) / 256;
  if (!(rounded >= 0 && rounded < 1)) throw inputError("shape", `dropout: a rate of ${rate}`, { expected: "0 … 0.99" });
  return rounded;
}

/**
 * Random booleans that keep an element with probability 1 - rate: a function of the run's seed, the step, the micro-batch, the
 * path and the element's place. The path must be stable and unique in a graph. `rate` is rounded to a multiple of 1/256.
 */
export function dropoutMask(shape: Shape, rate: number, path: string): Tensor {
  return apply("dropoutMask", [], { shape, rate: dropoutRate(rate), path });
}

/** The name under which a dropout mask is given to a run. */
export function maskName(path: string): string {
  return `dropout:${path}`;
}

/** x where the mask keeps it, divided by the exact probability of being kept, else 0. Srivastava et al. 2014. */
export function dropout(x: Tensor, mask: Tensor, rate: number): Tensor {
  // A product takes two thirds of the time of a choice.
  return x.mul(mask.cast("float32")).mul(1 / (1 - dropoutRate(rate)));
}

export interface AttentionOptions {
  /** Factor of the scores; 1/√width by default. */
  readonly scale?: number;
  /** Drops attention weights: a mask [batch, heads, length, keys] and its rate. */
  readonly dropout?: { readonly mask: Tensor; readonly rate: number };
}

/**
 * softmax(scale · q kᵀ + mask) v for q, k, v of shape [batch, heads, length, width]; the mask is added to the scores and broadcasts to
 * [batch, heads, length, keys]. Mask with a finite large negative number, such as -1e4: a row of -∞ alone gives NaN. Vaswani et al. 2017.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor, options: AttentionOptions = {}): Tensor {
  const width = q.shape[3];
  if (options.scale === undefined && typeof width !== "number") {
    throw inputError("shape", "attention: the width of a head must be a number");
  }
  const rate = options.dropout === undefined ? 0 : dropoutRate(options.dropout.rate);
  const inputs = [q, k, v, ...(mask === undefined ? [] : [mask])];
  if (rate > 0 && options.dropout !== undefined) inputs.push(options.dropout.mask);
  const scale = options.scale ?? 1 / Math.sqrt(Number(width));
  return part(apply("attention", inputs, { scale, mask: mask !== undefined, dropoutRate: rate }), 0);
}
