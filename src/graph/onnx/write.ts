import { inputError } from "../../base/errors.js";
import type { HostTensor } from "../host.js";
import type { OpName } from "../op.js";
import { maskName } from "../ops/attention.js";
import { optimise } from "../optimise.js";
import { isOp, type Tensor } from "../tensor.js";
import { topological } from "../walk.js";
import { createEmitter, type Emitter } from "./emitter.js";
import { axisLowerings } from "./lowerings/axes.js";
import { elementwiseLowerings } from "./lowerings/elementwise.js";
import { layoutLowerings } from "./lowerings/layout.js";
import { cast, filled, type Lowering, type Lowerings, type Names } from "./lowerings/lowering.js";
import { productLowerings } from "./lowerings/product.js";
import { rowLowerings } from "./lowerings/rows.js";
import { spatialLowerings } from "./lowerings/spatial.js";
import { encodeModel, type OnnxNode, type OnnxTensor, type OnnxValue } from "./model.js";
import { symbolSources } from "./symbols.js";

/** A graph input and the leaf it stands for: `input`, `parameter`, `dropoutMask`, or an `embeddingBag`, whose result is given. */
export interface OnnxInput {
  readonly name: string;
  readonly node: Tensor;
}

export interface OnnxFile {
  /** The bytes of the file: opset 17 and com.microsoft 1; the same expression gives the same bytes. */
  readonly model: Uint8Array;
  /** In the order of first use. Only what the graph reads: the ids of an embedding bag are not among them. */
  readonly inputs: readonly OnnxInput[];
  /** The expressions that were written, operands first. */
  readonly nodes: readonly Tensor[];
}

export interface WriteOptions {
  /** Weights to store in the file, by name; the others are inputs. */
  readonly parameters?: ReadonlyMap<string, HostTensor>;
  /** int32 inputs that the file takes as int64, as exported encoders do. */
  readonly int64Inputs?: readonly string[];
}

type GraphInputOp = "input" | "parameter" | "dropoutMask" | "embeddingBag";

const lowerings: Lowerings<Exclude<OpName, GraphInputOp | "part">> = {
  constant: (emitter, _, { dtype, shape }, { data }) => emitter.constant(stored(dtype, shape.map(Number), data)),
  fill: (emitter, _, { dtype, shape }, { value }) => {
    if (shape.length > 0) return filled(emitter, shape, value, dtype);
    if (dtype === "bool") return cast(emitter, emitter.int(value), dtype);
    return dtype === "int32" ? emitter.int(value) : emitter.float(value);
  },
  iota: (emitter, _, __, { length }) =>
    emitter.op("Range", [emitter.int(0), cast(emitter, emitter.length(length), "int32"), emitter.int(1)]),
  size: (emitter, _, __, { dim }) => cast(emitter, emitter.length(dim), "float32"),
  ...elementwiseLowerings,
  ...axisLowerings,
  ...productLowerings,
  ...layoutLowerings,
  ...rowLowerings,
  ...spatialLowerings,
};

/**
 * Writes expressions as an ONNX file whose outputs have the given names. Lengths stay open: what depends on a symbol is computed inside the graph
 * from the shapes of its inputs. Without `int64Inputs`, int64 stays inside. Throws `shape` when names collide, when two leaves of one name
 * differ, when no input tells a symbol, or when a row gradient is used inside the graph.
 */
export function writeOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  { parameters, int64Inputs = [] }: WriteOptions = {},
): OnnxFile {
  const wide = new Set(int64Inputs);
  const names = Object.keys(outputs);
  const roots = optimise(Object.values(outputs));
  const order = topological(roots, (node) => node.op === "embeddingBag");
  const leaves = order.filter(isGraphInput);
  const edges = leaves.flatMap((node) => (node.op === "embeddingBag" ? node.inputs.slice(1) : []));
  const inputs = new Map<string, Tensor>();
  const weights: (OnnxTensor & { name: string })[] = [];
  const leaf = (node: Tensor): string => {
    const name = leafName(node);
    const before = inputs.get(name);
    if (before === undefined) {
      inputs.set(name, node);
      const weight = node.op === "parameter" ? parameters?.get(name) : undefined;
      if (weight !== undefined) weights.push({ ...stored(weight.dtype, weight.shape, weight.data), name });
    } else if (leafKey(before) !== leafKey(node)) {
      throw inputError("shape", `two leaves of a graph are called ${name} and differ`);
    }
    return name;
  };
  const emitter = createEmitter(leaf, symbolSources([...leaves, ...edges]), parameters);
  const values = emitAll(emitter, order, wide);
  const results = roots.map((root) => values.get(root)?.[0] as string);
  const nodes = named(used(emitter.nodes, new Set(results)), names, results);
  const read = new Set(nodes.flatMap((node) => node.inputs));
  for (const name of names) {
    if (inputs.has(name)) throw inputError("shape", `an input and an output of a graph are both called ${name}`);
  }
  const given = [...inputs].filter(([name]) => read.has(name) && !weights.some((weight) => weight.name === name));
  const model = encodeModel({
    nodes,
    initializers: [...emitter.initializers, ...weights].filter(({ name }) => read.has(name)),
    inputs: given.map(
      ([name, { dtype, shape }]): OnnxValue => ({ name, type: wide.has(name) ? "int64" : dtype, shape }),
    ),
    outputs: roots.map(({ dtype, shape }, i) => ({ name: names[i] as string, type: dtype, shape })),
  });
  return { model, inputs: given.map(([name, node]) => ({ name, node })), nodes: order };
}

function emitAll(
  emitter: Emitter,
  order: readonly Tensor[],
  wide: ReadonlySet<string>,
): ReadonlyMap<Tensor, readonly string[]> {
  const values = new Map<Tensor, readonly string[]>();
  const nameOf = (node: Tensor) => values.get(node)?.[0] as string;
  for (const node of order) {
    if (isGraphInput(node)) {
      const name = emitter.leaf(node);
      values.set(node, [wide.has(name) ? cast(emitter, name, "int32") : name]);
    } else if (isOp(node, "part")) {
      values.set(node, [values.get(node.inputs[0] as Tensor)?.[node.attributes.index] as string]);
    } else {
      const lowering = lowerings[node.op as keyof typeof lowerings] as Lowering<never>;
      const result = lowering(emitter, node.inputs.map(nameOf) as unknown as Names, node, node.attributes as never);
      values.set(node, typeof result === "string" ? [result] : result);
    }
  }
  return values;
}

function isGraphInput(node: Tensor): boolean {
  return node.op === "input" || node.op === "parameter" || node.op === "dropoutMask" || node.op === "embeddingBag";
}

function leafName(node: Tensor): string {
  if (isOp(node, "dropoutMask")) return maskName(node.attributes.path);
  if (node.op === "embeddingBag") return `bag:${node.inputs.map(leafName).join(":")}`;
  return (node.attributes as { readonly name: string }).name;
}

/** What two leaves of one name must have in common. */
function leafKey({ op, dtype, shape, attributes }: Tensor): string {
  return JSON.stringify([op, dtype, shape, op === "dropoutMask" ? attributes : null]);
}

/** The nodes that the results need. */
function used(nodes: readonly OnnxNode[], results: ReadonlySet<string>): readonly OnnxNode[] {
  const wanted = new Set(results);
  const kept = nodes.toReversed().filter((node) => {
    const needed = node.outputs.some((output) => wanted.has(output));
    if (needed) for (const input of node.inputs) wanted.add(input);
    return needed;
  });
  return kept.reverse();
}

/** Gives the results their names: a value is renamed once; further names, and names of what is no node's result, are copies. */
function named(nodes: readonly OnnxNode[], names: readonly string[], results: readonly string[]): readonly OnnxNode[] {
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const [i, result] of results.entries()) {
    const name = names[i] as string;
    if (produced.has(result) && !renamed.has(result)) renamed.set(result, name);
    else {
      const source = renamed.get(result) ?? result;
      copies.push({
        type: "Identity",
        domain: "",
        name: `/${name}`,
        inputs: [source],
        outputs: [name],
        attributes: {},
      });
    }
  }
  const rename = (value: string) => renamed.get(value) ?? value;
  return [
    ...nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
    ...copies,
  ];
}

function stored(dtype: HostTensor["dtype"], shape: readonly number[], data: HostTensor["data"]): OnnxTensor {
  return { type: dtype, shape, data: data instanceof Float64Array ? Float32Array.from(data) : data };
}
