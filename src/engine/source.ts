import { writeOnnx } from "../graph/onnx/write.js";
import { type DType, isOp, type Shape, type Tensor } from "../graph/tensor.js";
import { type MatrixProduct, matrixProducts } from "./sharing.js";
import { type Declared, type DeclaredMask, splitProgram } from "./split.js";
import type { ProgramSpec } from "./types.js";

/** A tensor of the program and its name in the ONNX graph. */
interface InGraph {
  readonly graphName: string;
}

/** Where int32 ids of a row gradient come from: an input, or an output of the graph. */
export interface IdsSource {
  readonly name: string;
  readonly isInput: boolean;
}

/** A program as it goes to the worker: the model's bytes, and plain records of what lies at its edges. */
export interface OnnxSource {
  readonly model: Uint8Array;
  readonly inputs: readonly Declared[];
  readonly parameters: readonly Declared[];
  /** Inputs and parameters that the graph itself reads; a bag's need not be among them. */
  readonly graphInputs: readonly (InGraph & { readonly name: string })[];
  readonly graphParameters: readonly (InGraph & { readonly name: string })[];
  readonly masks: readonly (InGraph & DeclaredMask)[];
  readonly bags: readonly (InGraph & {
    readonly table: string;
    readonly ids: string;
    readonly offsets: string;
    readonly shape: Shape;
  })[];
  readonly outputs: readonly (InGraph & Declared)[];
  readonly dense: readonly (InGraph & { readonly parameter: string })[];
  readonly rows: readonly {
    readonly parameter: string;
    readonly ids: IdsSource;
    readonly offsets?: IdsSource;
    readonly dy: string;
  }[];
  /** What `rows` needs from the graph. */
  readonly rowPieces: readonly { readonly graphName: string; readonly dtype: DType; readonly shape: Shape }[];
  readonly gradients: ReadonlyMap<string, "dense" | "rows">;
  readonly products: readonly MatrixProduct[];
}

/** Writes a program as ONNX, with gradients beside its outputs. */
export function createSource(spec: ProgramSpec): OnnxSource {
  const split = splitProgram(spec);
  const wanted = new Map<string, Tensor>();
  const want = (graphName: string, tensor: Tensor): string => {
    wanted.set(graphName, tensor);
    return graphName;
  };
  const outputs = Object.entries(spec.outputs).map(([name, tensor]) => {
    return { name, dtype: tensor.dtype, shape: tensor.shape, graphName: want(`output:${name}`, tensor) };
  });
  const dense = [...split.dense].map(([parameter, tensor]) => {
    return { parameter, graphName: want(`gradient:${parameter}`, tensor) };
  });
  const rowPieces: { graphName: string; dtype: DType; shape: Shape }[] = [];
  const piece = (graphName: string, tensor: Tensor): string => {
    rowPieces.push({ graphName, dtype: tensor.dtype, shape: tensor.shape });
    return want(graphName, tensor);
  };
  const idsOf = (graphName: string, tensor: Tensor): IdsSource =>
    isOp(tensor, "input")
      ? { name: tensor.attributes.name, isInput: true }
      : { name: piece(graphName, tensor), isInput: false };
  const rows = split.rows.map(({ parameter, ids, offsets, dy }, i) => ({
    parameter,
    ids: idsOf(`ids:${i}`, ids),
    dy: piece(`dy:${i}`, dy),
    ...(offsets === undefined ? {} : { offsets: idsOf(`offsets:${i}`, offsets) }),
  }));
  const {
    model,
    inputs: edges,
    nodes,
  } = writeOnnx(Object.fromEntries(wanted), spec.constants === undefined ? {} : { parameters: spec.constants });
  return {
    // A buffer of its own: it is given away to another thread.
    model: model.slice(),
    inputs: split.inputs,
    parameters: split.parameters,
    graphInputs: edges.flatMap(({ name: graphName, node }) =>
      isOp(node, "input") ? [{ graphName, name: node.attributes.name }] : [],
    ),
    graphParameters: edges.flatMap(({ name: graphName, node }) =>
      isOp(node, "parameter") ? [{ graphName, name: node.attributes.name }] : [],
    ),
    masks: edges.flatMap(({ name: graphName, node }) =>
      isOp(node, "dropoutMask") ? [{ graphName, ...node.attributes }] : [],
    ),
    bags: edges.flatMap(({ name: graphName, node }) =>
      isOp(node, "embeddingBag") ? [{ graphName, shape: node.shape, ...bagNames(node) }] : [],
    ),
    outputs,
    dense,
    rows,
    rowPieces,
    gradients: split.gradients,
    products: matrixProducts(nodes),
  };
}

/** The leaves of a bag: its table is a parameter, ids and offsets are inputs. */
function bagNames({ inputs }: Tensor): { readonly table: string; readonly ids: string; readonly offsets: string } {
  const [table, ids, offsets] = inputs.map(({ attributes }) => (attributes as { readonly name: string }).name);
  return { table: table!, ids: ids!, offsets: offsets! };
}
