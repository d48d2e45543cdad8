import type { Dim } from "./dim.js";
import type { DType, Shape } from "./shape.js";

/** Values of a constant, row-major. Booleans are bytes 0 and 1. */
export type ConstantData = Float32Array | Float64Array | Int32Array | Uint8Array;

interface None {
  readonly none?: never;
}
interface Axis {
  readonly axis: number;
}
interface Reduction extends Axis {
  readonly keepDims: boolean;
}
interface Target {
  readonly shape: Shape;
}

/** Leaves. */
interface LeafAttributes {
  readonly input: { readonly name: string; readonly dtype: DType } & Target;
  readonly parameter: { readonly name: string } & Target;
  readonly constant: { readonly data: ConstantData; readonly dtype: DType } & Target;
  readonly fill: { readonly value: number; readonly dtype: DType } & Target;
  readonly iota: { readonly length: Dim };
  readonly size: { readonly dim: Dim };
  readonly dropoutMask: { readonly rate: number; readonly path: string } & Target;
}

/** Elementwise, with broadcasting. */
interface BroadcastAttributes {
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly pow: None;
  readonly minimum: None;
  readonly maximum: None;
  readonly equal: None;
  readonly less: None;
  readonly lessOrEqual: None;
  readonly and: None;
  readonly or: None;
  readonly where: None;
}

/** Elementwise, of one tensor. */
interface UnaryAttributes {
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly abs: None;
  readonly acos: None;
  readonly sign: None;
  readonly erf: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly softplus: None;
  readonly relu: None;
  readonly not: None;
  readonly clip: { readonly min: number; readonly max: number };
  readonly cast: { readonly dtype: DType };
  readonly stopGradient: None;
}

/** Along axes. */
interface AxisAttributes {
  readonly sum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly max: Reduction;
  readonly min: Reduction;
  readonly argMax: Reduction;
  readonly argMin: Reduction;
  readonly logSumExp: Reduction;
  readonly softmax: Axis;
  readonly cumulativeSum: { readonly exclusive: boolean; readonly reverse: boolean } & Axis;
  readonly topK: { readonly k: Dim; readonly largest: boolean } & Axis;
}

/** Products. */
interface ProductAttributes {
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  readonly linear: { readonly alpha: number; readonly beta: number };
  /**
   * `linear`, or with `transposed` alpha · x W, by 8-bit integers: each row of x in steps of 1/127 of its greatest magnitude, each output's
   * weights in steps of 1/`limit` of theirs.
   */
  readonly int8Linear: {
    readonly alpha: number;
    readonly beta: number;
    readonly transposed: boolean;
    readonly limit: number;
  };
  readonly attention: { readonly scale: number; readonly mask: boolean; readonly dropoutRate: number };
  readonly layerNorm: { readonly epsilon: number };
  readonly geluGate: None;
  readonly squaredDistances: None;
  readonly weightedDifferences: None;
  readonly absoluteDistances: None;
  readonly weightedSigns: None;
}

/** How a window moves over [rows, channels, height, width]: steps down and right, and zeros above, left, below, right. */
interface Window {
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}
interface Sized extends Window {
  /** Height and width of what the gradient is of. */
  readonly size: readonly [number, number];
}

/** Over pictures. */
interface SpatialAttributes {
  readonly conv2d: Window;
  readonly conv2dInputGradient: Sized;
  readonly conv2dKernelGradient: Sized;
  readonly maxPool2d: Window & { readonly kernel: readonly [number, number] };
}

/** Layout. */
interface LayoutAttributes {
  readonly reshape: Target;
  readonly broadcastTo: Target;
  readonly transpose: { readonly permutation: readonly number[] };
  readonly squeeze: { readonly axes: readonly number[] };
  readonly unsqueeze: { readonly axes: readonly number[] };
  readonly slice: { readonly start: Dim; readonly end: Dim } & Axis;
  readonly pad: { readonly before: Dim; readonly after: Dim } & Axis;
  readonly concat: Axis;
  readonly split: { readonly sizes: readonly Dim[] } & Axis;
}

/** Rows and elements by index. */
interface RowAttributes {
  readonly gather: Axis;
  /** Rows of a table [rows, width] by index, each rounded to 1/127 of its greatest magnitude. */
  readonly int8Gather: None;
  readonly takeAlongAxis: Axis;
  readonly scatterAdd: Axis & Target;
  readonly partitionRows: None;
  readonly mergeRows: { readonly parts: number };
}

/** At the edge of a graph: tables of parameters by row. */
interface EdgeAttributes {
  readonly gatherRows: None;
  readonly embeddingBag: None;
  readonly scatterAddRows: { readonly rows: Dim };
  readonly embeddingBagGradient: { readonly rows: Dim };
}

/**
 * Every operation and its attributes. A new one is a line here; the compiler then asks for its shape rule
 * (`graph/rules`), gradient rule (`autodiff/rules`), reference function (`engine/interpreter`) and ONNX form
 * (`graph/onnx/lowering`), and the test list for a case. Axes are counted from the front.
 */
export interface OpAttributes
  extends LeafAttributes,
    BroadcastAttributes,
    UnaryAttributes,
    AxisAttributes,
    ProductAttributes,
    SpatialAttributes,
    LayoutAttributes,
    RowAttributes,
    EdgeAttributes {
  /** One result of an operation that has several. */
  readonly part: { readonly index: number };
}

export type OpName = keyof OpAttributes;

/** Inputs of a rule, to be destructured: a rule names as many as its operation has, and checks `length` where some are optional. */
export type Inputs<T> = readonly [T, T, T, T, T, ...T[]];

/** The families of operations, by which the tables are split into files. */
export type LeafOp = keyof LeafAttributes;
export type BroadcastOp = keyof BroadcastAttributes;
export type UnaryOp = keyof UnaryAttributes;
export type AxisOp = keyof AxisAttributes;
export type ProductOp = keyof ProductAttributes;
export type SpatialOp = keyof SpatialAttributes;
export type LayoutOp = keyof LayoutAttributes;
export type RowOp = keyof RowAttributes | keyof EdgeAttributes;
