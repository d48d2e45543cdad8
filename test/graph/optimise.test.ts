import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { input, type Tensor, transpose } from "#nearmiss/graph/index.js";
import { optimise } from "#nearmiss/graph/optimise.js";
import { topological } from "#nearmiss/graph/walk.js";
import { composites, leaves } from "./cases.js";

const x = input("x", ["n", "m"]);
const ops = (...outputs: Tensor[]) => topological(optimise(outputs)).map(({ op }) => op);

test("neutral numbers, double signs and chains of factors disappear", () => {
  expect(ops(x.add(0).mul(1).div(1).sub(0).neg().neg())).toEqual(["input"]);
  const [scaled] = optimise([x.mul(2).mul(3).neg()]);
  expect(scaled?.op).toBe("mul");
  expect(scaled?.inputs[1]?.attributes).toMatchObject({ value: -6 });
  expect(ops(x.add(x.neg()))).toEqual(["input", "sub"]);
});

test("layout that leads back to where it began disappears", () => {
  expect(ops(x.unsqueeze(1).squeeze(1).transpose().transpose().reshape(["n*m"]).reshape(["n", "m"]))).toEqual([
    "input",
  ]);
});

test("a transposed matrix becomes the product's flag", () => {
  expect(ops(x.matmul(transpose(x)))).toEqual(["input", "matmul"]);
});

test("what is repeated is not written out before it is used", () => {
  const rows = input("rows", ["n", 1]).broadcastTo(["n", "m"]);
  expect(ops(rows.exp().mul(x))).not.toContain("broadcastTo");
  expect(ops(rows.exp())).toEqual(["input", "exp", "broadcastTo"]);
});

test("the gradient of a contrastive loss repeats no matrix, and takes one product for each side", () => {
  const one = composites["contrastive"]!;
  const tensors = leaves(one.inputs);
  const loss = one.build(tensors) as Tensor;
  const derived = gradients(loss, [tensors["q"]!, tensors["d"]!]) as Tensor[];
  const found = topological(optimise([loss, ...derived]));
  const repeated = found.filter(({ op, rank }) => op === "broadcastTo" && rank > 0);
  // The scattered gradient of the diagonal, one number a row, is all that is written out.
  expect(repeated.map(({ shape }) => shape)).toEqual([["n", 1]]);
  expect(found.filter(({ op }) => op === "matmul")).toHaveLength(3);
});

test("the expression that was given stays as it is", () => {
  const y = x.mul(2);
  const z = y.mul(3);
  optimise([z]);
  expect(z.inputs[0]).toBe(y);
});
