import type { Shape } from "../shape.js";
import { bytes, encode, float, integer, type Message, message, nested, packed, text } from "./protobuf.js";

/** Element types of ONNX, by their numbers in the file format. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementTypes;

export interface OnnxTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
}

/** A plain number is an integer. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number } | OnnxTensor;

export interface OnnxNode {
  readonly type: string;
  readonly domain: "" | "com.microsoft";
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly (OnnxTensor & { readonly name: string })[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Pinned: what the lowering table is written for. */
const irVersion = 8;
const opset = 17;

/** The bytes of an ONNX file (format version 8, opset 17 and com.microsoft 1). The same graph gives the same bytes. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  return encode(
    message(
      integer(1, irVersion),
      text(2, "nearmiss"),
      nested(7, graphMessage(graph)),
      nested(8, message(text(1, ""), integer(2, opset))),
      nested(8, message(text(1, "com.microsoft"), integer(2, 1))),
    ),
  );
}

function graphMessage({ nodes, initializers, inputs, outputs }: OnnxGraph): Message {
  return message(
    ...nodes.map((node) => nested(1, nodeMessage(node))),
    text(2, "nearmiss"),
    ...initializers.map((tensor) => nested(5, tensorMessage(tensor, tensor.name))),
    ...inputs.map((value) => nested(11, valueMessage(value))),
    ...outputs.map((value) => nested(12, valueMessage(value))),
  );
}

function nodeMessage({ type, domain, name, inputs, outputs, attributes }: OnnxNode): Message {
  return message(
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(3, name),
    text(4, type),
    ...Object.entries(attributes).map(([key, value]) => nested(5, message(text(1, key), attributeMessage(value)))),
    domain === "" ? null : text(7, domain),
  );
}

function attributeMessage(value: OnnxAttribute): Message {
  const typed = (type: number, field: Message) => message(field, integer(20, type));
  if (typeof value === "number") return typed(2, integer(3, value));
  if (typeof value === "string") return typed(3, text(4, value));
  if ("float" in value) return typed(1, float(2, value.float));
  if ("data" in value) return typed(4, nested(5, tensorMessage(value, "")));
  return typed(7, message(...value.map((item) => integer(8, item))));
}

function tensorMessage({ type, shape, data }: OnnxTensor, name: string): Message {
  return message(
    packed(1, shape),
    integer(2, elementTypes[type]),
    text(8, name),
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
}

function valueMessage({ name, type, shape }: OnnxValue): Message {
  const lengths = shape.map((length) => nested(1, typeof length === "number" ? integer(1, length) : text(2, length)));
  const tensor = message(integer(1, elementTypes[type]), nested(2, message(...lengths)));
  return message(text(1, name), nested(2, message(nested(1, tensor))));
}
