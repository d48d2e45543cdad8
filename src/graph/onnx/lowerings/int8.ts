import type { Dim } from "../../dim.js";
import type { Emitter } from "../emitter.js";

/** The greatest magnitude along an axis in so many steps; an axis of zeros has tiny ones. */
export function int8Steps(emitter: Emitter, x: string, axis: number, count: number): string {
  const over = { attributes: { axes: [axis], keepdims: 1 } };
  const least = emitter.op("Neg", [emitter.op("ReduceMin", [x], over)]);
  const greatest = emitter.op("Max", [emitter.op("ReduceMax", [x], over), least]);
  return emitter.op("Max", [emitter.op("Div", [greatest, emitter.float(count)]), emitter.float(1e-20)]);
}

export function zeroPoints(emitter: Emitter, count: Dim, type: "uint8" | "int8"): string {
  const data = type === "uint8" ? Uint8Array.of(128) : Int8Array.of(0);
  return emitter.op("ConstantOfShape", [emitter.lengths([count])], {
    attributes: { value: { type, shape: [1], data } },
  });
}
