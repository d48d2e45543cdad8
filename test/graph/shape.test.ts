import { describe, expect, test } from "vitest";
import { NearmissError } from "#nearmiss/base/errors.js";
import {
  attention,
  clip,
  concat,
  constant,
  diagonal,
  dropoutRate,
  embeddingBag,
  fill,
  gatherRows,
  input,
  layerNorm,
  linear,
  parameter,
  part,
  partitionRows,
  slice,
  split,
  topK,
  where,
} from "#nearmiss/graph/index.js";

const x = input("x", ["batch", 384]);
const ids = input("ids", ["tokens"], "int32");

describe("a mistake is raised where the expression is written, with the operation and the shapes", () => {
  const mistakes: readonly [string, () => unknown, RegExp][] = [
    ["add", () => x.add(input("y", ["rows", 384])), /add of float32 \[batch, 384\] and float32 \[rows, 384\]/],
    ["add of dtypes", () => x.add(input("y", ["batch", 384], "int32")), /add .*int32.*must be float32/],
    ["a fraction with int32", () => ids.add(0.5), /0.5 is no int32/],
    ["where", () => where(x, 1, x), /where .*input 1 must be bool/],
    ["matmul", () => x.matmul(x), /matmul of float32 \[batch, 384\].*inner lengths are 384 and batch/],
    ["linear", () => linear(x, parameter("w", [8, 100])), /linear .*\[8, 100\]/],
    ["linear's bias", () => linear(x, parameter("w", [8, 384]), parameter("b", [9])), /bias of shape \[8\]/],
    ["layerNorm", () => layerNorm(x, parameter("g", [383])), /layerNorm .*\[383\]/],
    ["reshape", () => x.reshape(["batch", 12, 33]), /reshape of float32 \[batch, 384\]: \[batch, 12, 33\]/],
    ["reshape with -1", () => x.reshape([-1, 5]), /no whole length/],
    ["broadcastTo", () => x.broadcastTo(["batch", 1]), /broadcastTo/],
    ["transpose", () => x.transpose([0, 0]), /transpose/],
    ["squeeze", () => x.squeeze(0), /squeeze .*axis 0 has length batch/],
    ["sum", () => x.sum(2), /sum: axis 2 of a tensor with 2 axes/],
    ["slice", () => slice(x, 1, 10, 400), /slice .*10 … 400/],
    ["concat", () => concat([x, input("y", ["batch", 3])]), /concat/],
    ["split", () => split(x, [300, 80], 1), /split .*add up to 380/],
    ["topK", () => topK(x, 400), /topK .*k = 400 of 384/],
    ["clip", () => clip(x, { min: 1, max: 0 }), /clip .*min 1 is above max 0/],
    ["diagonal", () => diagonal(ids), /diagonal/],
    ["part", () => part(x, 1), /input has no result 1/],
    ["constant", () => constant([1, 2, 3], [2]), /3 values for \[2\]/],
    ["fill", () => fill(0.5, [2], "int32"), /0.5 is no int32/],
    ["an input's length", () => input("y", ["batch length"]), /not a length/],
    ["gatherRows", () => gatherRows(x, ids), /gatherRows: the table must be a parameter/],
    ["embeddingBag", () => embeddingBag(parameter("t", [9, 3]), ids, ids.add(1)), /must be inputs/],
    ["partitionRows", () => partitionRows(x, [ids], input("inverse", ["rows"], "int32")), /one entry a row, \[batch\]/],
    ["attention", () => attention(x, x, x, undefined, { scale: 1 }), /attention .*\[batch, heads, length, width\]/],
    ["dropout", () => dropoutRate(1), /rate of 1/],
  ];
  test.each(mistakes)("%s", (_, write, message) => {
    expect(write).toThrow(message);
    expect(write).toThrow(expect.objectContaining({ code: "shape", exitCode: 2 }));
    expect(write).toThrow(NearmissError);
  });
});

test("shapes follow from symbols", () => {
  expect(x.reshape(["batch", 12, -1]).shape).toEqual(["batch", 12, 32]);
  expect(input("r", ["tokens", 1152]).reshape([-1, 32]).shape).toEqual(["36*tokens", 32]);
  expect(concat([x, input("y", ["k*batch", 384])]).shape).toEqual(["batch*k+batch", 384]);
  expect(slice(input("o", ["rows+1"]), 0, 0, -1).shape).toEqual(["rows"]);
  expect(x.sum(-1, { keepDims: true }).shape).toEqual(["batch", 1]);
  expect(embeddingBag(parameter("t", [9, 3]), ids, input("offsets", ["rows+1"], "int32")).shape).toEqual(["rows", 3]);
  expect(dropoutRate(0.1)).toBe(26 / 256);
});
