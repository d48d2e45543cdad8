import { maximum, type Tensor, where } from "../graph/index.js";

/** How many of a mask are true, as a scalar. */
export function countOf(mask: Tensor): Tensor {
  return mask.cast("float32").sum();
}

/** Mean of the values where `valid` holds; 0, with gradient 0, where it holds nowhere. What is not valid may be anything but NaN. */
export function meanWhere(values: Tensor, valid: Tensor): Tensor {
  return where(valid, values, 0)
    .sum()
    .div(maximum(countOf(valid), 1));
}
