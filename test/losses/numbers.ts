// Losses as numbers: values and gradients in float64, central differences, random batches.
import { expect } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant, input, type Tensor } from "#nearmiss/graph/index.js";
import { lossOf } from "#nearmiss/losses/index.js";
import type { BatchKind, LossOutput } from "#nearmiss/losses/types.js";

/** Numbers of one, two or three axes. */
export type Rows = readonly number[] | readonly (readonly number[])[] | readonly (readonly (readonly number[])[])[];
export type Values = Readonly<Record<string, Rows>>;
export type Nodes = Readonly<Record<string, Tensor>>;

export interface Found {
  readonly loss: number;
  readonly telemetry: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** A loss made of inputs, at these values. */
export function numbersOf(values: Values, build: (nodes: Nodes) => LossOutput): Found {
  const nodes = nodesOf(values);
  const { loss, telemetry } = build(nodes);
  const names = Object.keys(values);
  const found = gradients(loss, Object.values(nodes));
  const results = evaluate(
    {
      loss,
      ...Object.fromEntries(Object.entries(telemetry).map(([key, node]) => [`telemetry ${key}`, node])),
      ...Object.fromEntries(names.map((name, i) => [`d ${name}`, found[i] ?? (nodes[name] as Tensor).mul(0)])),
    },
    feedsOf(values),
    new Map(),
  );
  const data = (key: string) => Array.from(results[key]?.data ?? [Number.NaN]);
  return {
    loss: data("loss")[0] as number,
    telemetry: Object.fromEntries(Object.keys(telemetry).map((key) => [key, data(`telemetry ${key}`)[0] as number])),
    gradients: Object.fromEntries(names.map((name) => [name, data(`d ${name}`)])),
  };
}

/** Expects the gradients by central differences; `constants` are inputs whose gradient is 0 by definition. */
export function expectDifferences(
  values: Values,
  build: (nodes: Nodes) => LossOutput,
  constants: readonly string[] = [],
) {
  const { gradients: found } = numbersOf(values, build);
  const { loss } = build(nodesOf(values));
  for (const name of Object.keys(values)) {
    const feeds = feedsOf(values);
    const data = (feeds[name] as { data: Float64Array }).data;
    const at = (i: number, value: number) => {
      const before = data[i] as number;
      data[i] = value;
      const result = evaluate({ loss }, feeds, new Map())["loss"]?.data[0] as number;
      data[i] = before;
      return result;
    };
    const step = 1e-5;
    const wanted = Array.from(data, (x, i) =>
      constants.includes(name) ? 0 : (at(i, x + step) - at(i, x - step)) / (2 * step),
    );
    const scale = Math.max(1, ...wanted.map(Math.abs));
    for (const [i, x] of wanted.entries()) {
      expect(
        Math.abs((found[name]?.[i] as number) - x) / scale,
        `d ${name}[${i}]: ${found[name]?.[i]} for ${x}`,
      ).toBeLessThan(1e-6);
    }
  }
}

/** A loss of the catalogue on one kind of batch. */
export function building<B>(name: string, options: unknown, kind: BatchKind, batch: (nodes: Nodes) => B) {
  return (nodes: Nodes): LossOutput =>
    (lossOf(name).create(options).build[kind] as (batch: B, parameters: (name: string) => Tensor) => LossOutput)(
      batch(nodes),
      (parameter) => nodes[parameter] as Tensor,
    );
}

function nodesOf(values: Values): Nodes {
  return Object.fromEntries(Object.entries(values).map(([name, rows]) => [name, input(name, shapeOf(rows))]));
}

function feedsOf(values: Values) {
  return Object.fromEntries(
    Object.entries(values).map(([name, rows]) => [
      name,
      { dtype: "float32" as const, shape: shapeOf(rows), data: Float64Array.from(rows.flat(2)) },
    ]),
  );
}

function shapeOf(rows: unknown): number[] {
  return Array.isArray(rows) ? [rows.length, ...shapeOf(rows[0])] : [];
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Normal numbers that hang on the seed and a name alone. */
export function normal(seed: number, name: string, rows: number, columns: number): number[][] {
  const random = rng(seed, name);
  return range(rows).map(() => range(columns).map(() => random.normal()));
}

export type Mask = readonly (readonly boolean[])[];

export function mask(
  seed: number,
  name: string,
  rows: number,
  columns: number,
  f: (i: number, j: number, random: boolean) => boolean,
): boolean[][] {
  const random = rng(seed, name);
  return range(rows).map((i) => range(columns).map((j) => f(i, j, random.float() < 0.7)));
}

export function maskNode(rows: Mask): Tensor {
  return constant(Uint8Array.from(rows.flat(), Number), [rows.length, rows[0]?.length ?? 0]);
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}
export const norm = (a: readonly number[]): number => Math.sqrt(dot(a, a));
export const cosine = (a: readonly number[], b: readonly number[]): number => dot(a, b) / (norm(a) * norm(b));
export const unit = (a: readonly number[]): number[] => a.map((x) => x / norm(a));
export const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
/** 0 of nothing. */
export const mean = (list: readonly number[]): number => (list.length === 0 ? 0 : sum(list) / list.length);
export const hinge = (x: number): number => Math.max(0, x);
export const soft = (x: number): number => Math.log1p(Math.exp(x));

export function distance(a: readonly number[], b: readonly number[], metric: string): number {
  const differences = a.map((x, i) => x - (b[i] as number));
  if (metric === "cosine") return 1 - cosine(a, b);
  if (metric === "l1") return sum(differences.map(Math.abs));
  return metric === "l2" ? norm(differences) : dot(differences, differences);
}
