import { inputError } from "../../base/errors.js";
import { type Dim, dimTerms } from "../dim.js";
import type { HostTensor } from "../host.js";
import { isOp, type Tensor } from "../tensor.js";
import type { ElementType, OnnxAttribute, OnnxNode, OnnxTensor } from "./model.js";
import type { SymbolSource } from "./symbols.js";

export interface EmitOptions {
  readonly domain?: "" | "com.microsoft";
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** Collects the nodes of an ONNX graph. Values are known by name; the same operation on the same values is written once. */
export interface Emitter {
  /** The result of an operation. */
  op(type: string, inputs: readonly string[], options?: EmitOptions): string;
  /** All results of an operation that has several. */
  several(type: string, inputs: readonly string[], results: number, options?: EmitOptions): readonly string[];
  constant(tensor: OnnxTensor): string;
  float(value: number): string;
  int(value: number): string;
  /** uint8 and int8 []. */
  byte(value: number): string;
  signedByte(value: number): string;
  /** int64 [n]: lengths, computed inside the graph where they hang on its inputs. */
  lengths(values: readonly Dim[]): string;
  /** int64 []. */
  length(value: Dim): string;
  /** The graph input for a leaf, made when first asked for. */
  leaf(node: Tensor): string;
  /** The values of a parameter that is stored in the file. */
  stored(node: Tensor): HostTensor | undefined;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly (OnnxTensor & { readonly name: string })[];
}

/** `leaf` names the graph input of a leaf; `symbols` tells where the lengths of inputs fix the symbols. */
export function createEmitter(
  leaf: (node: Tensor) => string,
  symbols: ReadonlyMap<string, SymbolSource>,
  parameters: ReadonlyMap<string, HostTensor> = new Map(),
): Emitter {
  const nodes: OnnxNode[] = [];
  const initializers: (OnnxTensor & { name: string })[] = [];
  const known = new Map<string, readonly string[]>();

  const several: Emitter["several"] = (type, inputs, results, { domain = "", attributes = {} } = {}) => {
    const key = JSON.stringify([domain, type, inputs, attributes], bigintText);
    const before = known.get(key);
    if (before !== undefined) return before;
    const name = `/${type}_${nodes.length}`;
    const outputs = Array.from({ length: results }, (_, i) => (results === 1 ? name : `${name}:${i}`));
    nodes.push({ type, domain, name, inputs, outputs, attributes });
    known.set(key, outputs);
    return outputs;
  };
  const op: Emitter["op"] = (type, inputs, options) => several(type, inputs, 1, options)[0] as string;

  const constant: Emitter["constant"] = (tensor) => {
    const name = `/constant_${initializers.length}`;
    initializers.push({ ...tensor, name });
    return name;
  };
  const small = (type: ElementType, shape: readonly number[], data: OnnxTensor["data"]): string => {
    const key = JSON.stringify(["constant", type, shape, [...data].map(String)]);
    const names = known.get(key) ?? [constant({ type, shape, data })];
    known.set(key, names);
    return names[0] as string;
  };
  const int64 = (values: readonly number[]) => small("int64", [values.length], BigInt64Array.from(values, BigInt));

  /** int64 [1]. */
  const symbol = (name: string): string => {
    const source = symbols.get(name);
    if (source === undefined) throw inputError("shape", `no input of the graph tells the length ${name}`);
    const { leaf: node, axis, coefficient, rest } = source;
    const found = op("Shape", [leaf(node)], { attributes: { start: axis, end: axis + 1 } });
    const shifted = rest === 0 ? found : op("Sub", [found, lengths([rest])]);
    return coefficient === 1 ? shifted : op("Div", [shifted, lengths([coefficient])]);
  };
  /** int64 [1]. */
  const single = (value: Dim): string => {
    if (typeof value === "number") return int64([value]);
    const terms = dimTerms(value).map(({ coefficient, symbols: factors }) => {
      const values = factors.map(symbol);
      if (coefficient !== 1 || values.length === 0) values.push(int64([coefficient]));
      return values.reduce((a, b) => op("Mul", [a, b]));
    });
    return terms.reduce((a, b) => op("Add", [a, b]));
  };
  const lengths: Emitter["lengths"] = (values) => {
    if (values.every((value) => typeof value === "number")) return int64(values);
    const [first, ...others] = values.map(single);
    return others.length === 0
      ? (first as string)
      : op("Concat", [first as string, ...others], { attributes: { axis: 0 } });
  };

  return {
    op,
    several,
    constant,
    float: (value) => small("float32", [], Float32Array.of(value)),
    int: (value) => small("int32", [], Int32Array.of(value)),
    byte: (value) => small("uint8", [], Uint8Array.of(value)),
    signedByte: (value) => small("int8", [], Int8Array.of(value)),
    lengths,
    length: (value) => op("Squeeze", [lengths([value])]),
    leaf,
    stored: (node) => (isOp(node, "parameter") ? parameters.get(node.attributes.name) : undefined),
    nodes,
    initializers,
  };
}

function bigintText(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value;
}
