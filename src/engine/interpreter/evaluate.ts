import { inputError } from "../../base/errors.js";
import { bindSymbols, type ShapePair } from "../../graph/bind.js";
import { type Bindings, type Dim, evaluateDim } from "../../graph/dim.js";
import type { Inputs, OpName } from "../../graph/op.js";
import { maskName } from "../../graph/ops/attention.js";
import type { Shape } from "../../graph/shape.js";
import { type DType, isOp, type Tensor } from "../../graph/tensor.js";
import { topological } from "../../graph/walk.js";
import type { Feeds, HostTensor } from "../types.js";
import { axisReferences } from "./axes.js";
import { elementwiseReferences } from "./elementwise.js";
import { layoutReferences } from "./layout.js";
import { productReferences } from "./product.js";
import type { Call, Reference, References } from "./reference.js";
import { rowReferences } from "./rows.js";
import { spatialReferences } from "./spatial.js";
import { count, type Data, generate, type Value } from "./value.js";

export { maskName } from "../../graph/ops/attention.js";

type Given = "input" | "parameter" | "constant" | "dropoutMask" | "part";

const references: References<Exclude<OpName, Given>> = {
  ...elementwiseReferences,
  ...axisReferences,
  ...productReferences,
  ...layoutReferences,
  ...rowReferences,
  ...spatialReferences,
  fill: ({ attributes, dtype, shape }) => generate(dtype, count(shape), () => attributes.value),
  iota: ({ shape }) => generate("int32", count(shape), (i) => i),
  size: ({ attributes, length }) => Float64Array.of(length(attributes.dim)),
};

/**
 * Computes outputs in float64 with one obvious function an operation: the meaning of the language, and what other engines are
 * held against. Inputs and dropout masks (as `maskName(path)`) come from the feeds. Throws `shape` when a value is missing, has another dtype
 * or a shape that contradicts the others, `index` when an index is out of range.
 */
export function evaluate(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Feeds = {},
  parameters: ReadonlyMap<string, HostTensor> = new Map(),
): Readonly<Record<string, HostTensor>> {
  const order = topological(Object.values(outputs));
  const given = new Map<Tensor, Value>();
  const pairs: ShapePair[] = [];
  for (const node of order) {
    const found = givenValue(node, feeds, parameters);
    if (found === null) continue;
    given.set(node, found.value);
    pairs.push({ name: found.name, declared: node.shape, found: found.value.shape });
  }
  const bindings = bindSymbols(pairs);
  const results = new Map<Tensor, readonly Value[]>();
  for (const node of order) {
    const value = given.get(node);
    results.set(node, value === undefined ? compute(node, results, bindings) : [value]);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, first(results, node)]));
}

function compute(node: Tensor, results: ReadonlyMap<Tensor, readonly Value[]>, bindings: Bindings): readonly Value[] {
  if (isOp(node, "part")) {
    const value = results.get(node.inputs[0] as Tensor)?.[node.attributes.index];
    return value === undefined ? [] : [value];
  }
  const length = (value: Dim) => evaluateDim(value, bindings);
  const concrete = (shape: Shape) => shape.map(length);
  const specs = node.parts ?? [{ dtype: node.dtype, shape: node.shape }];
  const shapes = specs.map(({ shape }) => concrete(shape));
  const call: Call<never> = {
    inputs: node.inputs.map((input) => first(results, input)) as unknown as Inputs<Value>,
    attributes: node.attributes as never,
    dtype: node.dtype,
    shape: shapes[0] ?? [],
    shapes,
    length,
  };
  const result = (references[node.op as keyof typeof references] as Reference<never>)(call);
  const data: readonly Data[] = node.parts === undefined ? [result as Data] : (result as readonly Data[]);
  return specs.map(({ dtype }, i) => checked(node.op, dtype, shapes[i] ?? [], data[i]));
}

function checked(op: string, dtype: DType, shape: readonly number[], data: Data | undefined): Value {
  if (data === undefined || data.length !== count(shape)) {
    throw inputError("shape", `${op}: the result does not fill [${shape.join(", ")}]`, {
      found: `${data?.length} values`,
    });
  }
  return { dtype, shape, data };
}

function first(results: ReadonlyMap<Tensor, readonly Value[]>, node: Tensor): Value {
  return results.get(node)?.[0] as Value;
}

function givenValue(
  node: Tensor,
  feeds: Feeds,
  parameters: ReadonlyMap<string, HostTensor>,
): { readonly name: string; readonly value: Value } | null {
  if (isOp(node, "input")) return host(`input ${node.attributes.name}`, own(feeds, node.attributes.name), node.dtype);
  if (isOp(node, "parameter")) {
    return host(`parameter ${node.attributes.name}`, parameters.get(node.attributes.name), node.dtype);
  }
  if (isOp(node, "dropoutMask")) {
    const name = maskName(node.attributes.path);
    return host(name, own(feeds, name), "bool");
  }
  if (!isOp(node, "constant")) return null;
  return host("constant", { dtype: node.dtype, shape: node.shape.map(Number), data: node.attributes.data }, node.dtype);
}

function own(feeds: Feeds, name: string): HostTensor | undefined {
  return Object.hasOwn(feeds, name) ? feeds[name] : undefined;
}

function host(name: string, tensor: HostTensor | undefined, dtype: DType) {
  if (tensor === undefined) throw inputError("shape", `${name} is not given`);
  if (tensor.dtype !== dtype) {
    throw inputError("shape", `${name} has another dtype`, { found: tensor.dtype, expected: dtype });
  }
  if (tensor.data.length !== count(tensor.shape)) {
    throw inputError("shape", `${name}: ${tensor.data.length} values do not fill [${tensor.shape.join(", ")}]`);
  }
  const data = tensor.data instanceof Float32Array ? Float64Array.from(tensor.data) : tensor.data;
  return { name, value: { dtype, shape: tensor.shape, data } };
}
