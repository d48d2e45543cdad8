import { rng } from "#nearmiss/base/rng.js";
import { evaluateDim } from "#nearmiss/graph/dim.js";
import type { HostTensor } from "#nearmiss/graph/host.js";
import { input, maskName, type Shape } from "#nearmiss/graph/index.js";
import { isOp, type Tensor } from "#nearmiss/graph/tensor.js";
import { topological } from "#nearmiss/graph/walk.js";
import { type Case, leaves } from "./cases.js";

type Sizes = ReadonlyMap<string, number>;

export const defaultSizes: readonly Sizes[] = [
  new Map([
    ["n", 3],
    ["m", 4],
    ["k", 2],
  ]),
  new Map([
    ["n", 5],
    ["m", 2],
    ["k", 3],
  ]),
];

/** A case with values: outputs by name, and everything they need. */
export interface Example {
  readonly leaves: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  readonly parameters: ReadonlyMap<string, HostTensor>;
}

export function example(one: Case, sizes: Sizes, seed = 1): Example {
  const tensors = leaves(one.inputs);
  // An input that tells every symbol, for cases whose own inputs do not.
  const symbols = input("symbols", ["n", "m", "k"]);
  const built = one.build(tensors);
  const list: readonly Tensor[] = Array.isArray(built) ? built : [built as Tensor];
  const outputs = { "symbols out": symbols, ...Object.fromEntries(list.map((tensor, i) => [`y${i}`, tensor])) };
  const lengthsOf = (shape: Shape) => shape.map((length) => evaluateDim(length, sizes));
  const feeds: Record<string, HostTensor> = { symbols: tensor(lengthsOf(symbols.shape), "float32", (i) => i % 3) };
  const parameters = new Map<string, HostTensor>();
  for (const [name, { shape, dtype = "float32", value, parameter }] of Object.entries(one.inputs)) {
    const random = rng(seed, "values", name);
    const found = tensor(lengthsOf(shape), dtype, (i, n) => value(random, i, n, sizes));
    if (parameter) parameters.set(name, found);
    else feeds[name] = found;
  }
  for (const node of topological(list)) {
    if (!isOp(node, "dropoutMask")) continue;
    const { path, shape } = node.attributes;
    const random = rng(seed, path);
    feeds[maskName(path)] = tensor(lengthsOf(shape), "bool", () => random.int(2));
  }
  return { leaves: tensors, outputs, feeds, parameters };
}

/** float32 values are rounded to float32, so that both engines compute with the same numbers. */
export function tensor(
  shape: readonly number[],
  dtype: HostTensor["dtype"],
  f: (i: number, n: number) => number,
): HostTensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = dtype === "float32" ? new Float32Array(n) : dtype === "int32" ? new Int32Array(n) : new Uint8Array(n);
  for (let i = 0; i < n; i++) data[i] = f(i, n);
  return { dtype, shape, data };
}
