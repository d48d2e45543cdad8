// Small models for the engines to train; gradients written out by hand, except where rows are looked up in several ways.

import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import type { Feeds, HostTensor, ProgramSpec } from "#nearmiss/engine/types.js";
import {
  type Dim,
  dropout,
  dropoutMask,
  eye,
  gatherRows,
  input,
  iota,
  linear,
  logSumExp,
  multiplyDims,
  parameter,
  relu,
  size,
  softmax,
  type Tensor,
  where,
} from "#nearmiss/graph/index.js";
import { apply } from "#nearmiss/graph/tensor.js";

export interface Model {
  readonly spec: ProgramSpec;
  weights(): Map<string, HostTensor>;
  /** A batch of this many rows; another for each path. */
  feeds(rows: number, ...path: (string | number)[]): Feeds;
}

export function normals(shape: readonly number[], ...path: (string | number)[]): HostTensor {
  const generator = rng(21, ...path);
  const data = Float32Array.from({ length: shape.reduce((n, length) => n * length, 1) }, () => generator.normal());
  return { dtype: "float32", shape, data };
}

/** Two linear layers with ReLU and, at a rate above 0, dropout; mean squared error. */
export function mlp({ width = 6, hidden = 10, out = 3, rate = 0 } = {}): Model {
  const x = input("x", ["batch", width]);
  const target = input("target", ["batch", out]);
  const [w1, b1] = [parameter("first.weight", [hidden, width]), parameter("first.bias", [hidden])];
  const [w2, b2] = [parameter("second.weight", [out, hidden]), parameter("second.bias", [out])];
  const mask = dropoutMask(["batch", hidden], rate, "hidden");
  const drop = (t: Tensor): Tensor => (rate === 0 ? t : dropout(t, mask, rate));
  const h = linear(x, w1, b1);
  const a = drop(relu(h));
  const error = linear(a, w2, b2).sub(target);
  const dy = error.mul(2).div(size(multiplyDims("batch", out)));
  const dh = where(h.greater(0), drop(dy.matmul(w2)), 0);
  const gradients = new Map([
    ["first.weight", dh.matmul(x, { transposeA: true })],
    ["first.bias", dh.sum(0)],
    ["second.weight", dy.matmul(a, { transposeA: true })],
    ["second.bias", dy.sum(0)],
  ]);
  return {
    spec: { outputs: { loss: error.square().mean(), prediction: linear(a, w2, b2) }, gradients },
    weights: () =>
      new Map([
        ["first.weight", normals([hidden, width], "w1")],
        ["first.bias", normals([hidden], "b1")],
        ["second.weight", normals([out, hidden], "w2")],
        ["second.bias", normals([out], "b2")],
      ]),
    feeds: (rows, ...path) => ({
      x: normals([rows, width], "x", ...path),
      target: normals([rows, out], "target", ...path),
    }),
  };
}

/** Means of a table's rows for queries and documents, and InfoNCE over the batch. */
export function bags({ rows = 40, width = 8, scale = 2 } = {}): Model {
  const table = parameter("table", [rows, width]);
  const side = (name: string) => {
    const ids = input(`${name}.ids`, [`${name}.tokens`], "int32");
    const offsets = input(`${name}.offsets`, ["batch+1"], "int32");
    const gradient = (dy: Tensor): Tensor => apply("embeddingBagGradient", [ids, offsets, dy], { rows });
    return { mean: apply("embeddingBag", [table, ids, offsets], {}), gradient };
  };
  const [query, document] = [side("query"), side("document")];
  const logits = query.mean.matmul(document.mean, { transposeB: true, alpha: scale });
  const batch: Dim = "batch";
  const identity = eye(batch);
  const loss = logSumExp(logits, 1).sub(logits.mul(identity).sum(1)).mean();
  const dLogits = softmax(logits, 1).sub(identity).mul(scale).div(size(batch));
  const gradient = query
    .gradient(dLogits.matmul(document.mean))
    .add(document.gradient(dLogits.matmul(query.mean, { transposeA: true })));
  return {
    spec: { outputs: { loss }, gradients: new Map([["table", gradient]]) },
    weights: () => new Map([["table", normals([rows, width], "table")]]),
    feeds: (bags, ...path) => ({ ...bagFeed("query", bags, rows, path), ...bagFeed("document", bags, rows, path) }),
  };
}

/** Rows of a table by ids [batch, 3], and by ids that the graph computes, pulled towards each other; dense weights beside it. */
export function lookup({ rows = 30, width = 5 } = {}): Model {
  const table = parameter("table", [rows, width]);
  const weight = parameter("weight", [width, width]);
  const ids = input("ids", ["batch", 3], "int32");
  const next = iota("batch");
  const error = linear(gatherRows(table, ids).sum(1), weight).sub(gatherRows(table, next));
  const loss = error.square().mean();
  const [dTable, dWeight] = gradients(loss, [table, weight]);
  return {
    spec: {
      outputs: { loss },
      gradients: new Map([
        ["table", dTable!],
        ["weight", dWeight!],
      ]),
    },
    weights: () =>
      new Map([
        ["table", normals([rows, width], "table")],
        ["weight", normals([width, width], "weight")],
      ]),
    feeds: (batch, ...path) => {
      const generator = rng(23, ...path);
      const data = Int32Array.from({ length: 3 * batch }, () => generator.int(rows));
      return { ids: { dtype: "int32", shape: [batch, 3], data } };
    },
  };
}

/** Bags of 0 to 5 ids, of which many occur twice; the last tenth of the table is never named. */
function bagFeed(name: string, bags: number, rows: number, path: readonly (string | number)[]): Feeds {
  const generator = rng(22, name, ...path);
  const offsets = Int32Array.of(0, ...Array<number>(bags).fill(0));
  for (let bag = 0; bag < bags; bag++) offsets[bag + 1] = offsets[bag]! + generator.int(6);
  const ids = Int32Array.from({ length: offsets[bags]! }, () => generator.int(Math.floor(rows * 0.9)));
  return {
    [`${name}.ids`]: { dtype: "int32", shape: [ids.length], data: ids },
    [`${name}.offsets`]: { dtype: "int32", shape: [offsets.length], data: offsets },
  };
}
