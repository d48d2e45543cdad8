// The wire format of protocol buffers, as far as an ONNX file needs it: varints, float32 and length-delimited fields.

/** An encoded message as a tree of bytes, which are copied once, at the end. */
export interface Message {
  readonly pieces: readonly (Uint8Array | Message)[];
  readonly length: number;
}

const varintType = 0;
const bytesType = 2;
const fixed32Type = 5;
const utf8 = new TextEncoder();

export function message(...fields: readonly (Message | null)[]): Message {
  const pieces = fields.filter((field) => field !== null);
  return { pieces, length: pieces.reduce((sum, { length }) => sum + length, 0) };
}

/** A whole number, negative ones in two's complement of 64 bits. */
export function integer(field: number, value: number): Message {
  return of(Uint8Array.from([...tag(field, varintType), ...varint(value)]));
}

export function float(field: number, value: number): Message {
  const bytes = new Uint8Array(tag(field, fixed32Type).length + 4);
  bytes.set(tag(field, fixed32Type));
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
  return of(bytes);
}

export function text(field: number, value: string): Message {
  return bytes(field, utf8.encode(value));
}

export function bytes(field: number, value: Uint8Array): Message {
  return nested(field, of(value));
}

export function nested(field: number, inner: Message): Message {
  const head = Uint8Array.from([...tag(field, bytesType), ...varint(inner.length)]);
  return { pieces: [head, inner], length: head.length + inner.length };
}

/** Repeated numbers in one field. */
export function packed(field: number, values: readonly number[]): Message {
  return bytes(field, Uint8Array.from(values.flatMap((value) => varint(value))));
}

export function encode(whole: Message): Uint8Array {
  const result = new Uint8Array(whole.length);
  let at = 0;
  const write = (message: Message) => {
    for (const piece of message.pieces) {
      if (piece instanceof Uint8Array) {
        result.set(piece, at);
        at += piece.length;
      } else write(piece);
    }
  };
  write(whole);
  return result;
}

function of(piece: Uint8Array): Message {
  return { pieces: [piece], length: piece.length };
}

function tag(field: number, type: number): number[] {
  return varint(field * 8 + type);
}

function varint(value: number): number[] {
  const result: number[] = [];
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
    return [...result, Number(rest)];
  }
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) result.push((rest % 128) | 128);
  result.push(rest);
  return result;
}
