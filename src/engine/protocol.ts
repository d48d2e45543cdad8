import { type ErrorDetail, type ExitCode, NearmissError } from "../base/errors.js";
import type { Gate } from "./gate.js";
import type { LocalEngine } from "./local.js";
import type { NearestQuestion } from "./nearest.js";
import type { OnnxSource } from "./source.js";
import type { HostTensor } from "./types.js";

export type Method = keyof LocalEngine<OnnxSource>;

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What a thread that serves calls is started with. */
export interface ServedData<T = unknown> {
  readonly given: T;
  readonly gate: Gate;
}

/** The id of the first reply, which answers no call: the worker has loaded what it needs. */
export const READY = 0;

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: WireError };

/** An error as it crosses threads. */
export interface WireError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly nearmiss?: { readonly code: string; readonly detail: ErrorDetail; readonly exitCode: ExitCode };
}

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack } = error;
  if (!(error instanceof NearmissError)) return { message, stack };
  const { code, detail, exitCode } = error;
  return { message, stack, nearmiss: { code, detail, exitCode } };
}

export function fromWire({ message, stack, nearmiss }: WireError): Error {
  // The message names the parts of the detail already: the constructor must not add them again.
  const error =
    nearmiss === undefined
      ? new Error(message)
      : Object.defineProperty(new NearmissError(nearmiss.code, message, {}, nearmiss.exitCode), "detail", {
          value: nearmiss.detail,
          enumerable: true,
        });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** A copy that can be given away: exactly its values, in a buffer of its own, in the engine's float32. */
export function toSend(tensor: HostTensor): HostTensor {
  const { data } = tensor;
  return { ...tensor, data: data instanceof Float64Array ? Float32Array.from(data) : data.slice() };
}

/** The same of a question to a searcher. */
export function questionToSend({ queries, k, floors, board }: NearestQuestion): NearestQuestion {
  return { queries: toSend(queries), k, floors: floors?.slice(), board };
}

/** The buffers of all arrays in a value made of plain objects, arrays and maps. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (value instanceof Map) return [...value.values()].flatMap(buffersOf);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(buffersOf) : [];
}
