import { sort, type Tensor } from "../graph/index.js";

/** Places of the values of a vector in ascending order, and each value's rank, both int32 from 0; of equal values the first comes first. */
export function ranks(values: Tensor): { readonly order: Tensor; readonly rank: Tensor } {
  const order = sort(values, 0).indices;
  return { order, rank: sort(order, 0).indices };
}
