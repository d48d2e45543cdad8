// The wire format of protocol buffers, as far as an ONNX file needs it: varints, float32 and length-delimited fields.

/** An encoded message: its bytes in pieces, so that a large tensor is copied once, at the end. */
export interface Message {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

const varintType = 0;
const bytesType = 2;
const fixed32Type = 5;

export function message(...fields: readonly (Message | null)[]): Message {
  const present = fields.filter((field) => field !== null);
  return {
    pieces: present.flatMap(({ pieces }) => pieces),
    length: present.reduce((sum, { length }) => sum + length, 0),
  };
}

/** A whole number, negative ones in two's complement of 64 bits. */
export function integer(field: number, value: number): Message {
  return of(Uint8Array.from([...tag(field, varintType), ...varint(BigInt(value))]));
}

export function float(field: number, value: number): Message {
  const bytes = new Uint8Array(tag(field, fixed32Type).length + 4);
  bytes.set(tag(field, fixed32Type));
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
  return of(bytes);
}

export function text(field: number, value: string): Message {
  return bytes(field, new TextEncoder().encode(value));
}

export function bytes(field: number, value: Uint8Array): Message {
  return nested(field, of(value));
}

export function nested(field: number, inner: Message): Message {
  const head = Uint8Array.from([...tag(field, bytesType), ...varint(BigInt(inner.length))]);
  return { pieces: [head, ...inner.pieces], length: head.length + inner.length };
}

/** Repeated numbers in one field. */
export function packed(field: number, values: readonly number[]): Message {
  return bytes(field, Uint8Array.from(values.flatMap((value) => varint(BigInt(value)))));
}

export function encode({ pieces, length }: Message): Uint8Array {
  const result = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

function of(piece: Uint8Array): Message {
  return { pieces: [piece], length: piece.length };
}

function tag(field: number, type: number): number[] {
  return varint(BigInt(field * 8 + type));
}

function varint(value: bigint): number[] {
  const result: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
  return [...result, Number(rest)];
}
