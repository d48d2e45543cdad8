// Losses over labelled examples, as numbers.
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { concat, constant, input, type Tensor } from "#nearmiss/graph/index.js";
import { lossOf } from "#nearmiss/losses/index.js";
import type { LossParameter } from "#nearmiss/losses/types.js";
import type { Selection } from "#nearmiss/miners/types.js";
import { batchOf, type Example } from "../miners/batch.js";

/** Rows of numbers, or numbers. */
export type Vectors = readonly (readonly number[])[] | readonly number[];

export interface Given {
  readonly example: Example;
  /** Each row's class, for losses that learn something of classes. */
  readonly classes?: readonly number[];
  readonly parameters?: Readonly<Record<string, Vectors>>;
  readonly selection?: Selection;
}

export interface Found {
  readonly loss: number;
  readonly telemetry: Readonly<Record<string, number>>;
  /** By `embeddings` and the names of parameters. */
  readonly gradients: ReadonlyMap<string, readonly number[]>;
}

/** A loss as a graph: the outputs `loss`, `telemetry …` and `d …` for the gradients, and what to feed. */
export function graphOf(name: string, options: unknown, given: Given) {
  const { example, classes, selection } = given;
  const shape = [example.rows.length, example.rows[0]?.length ?? 0];
  const embeddings = input("embeddings", shape);
  const memory = constant(example.memory.flat(), [example.memory.length, shape[1] as number]);
  const parameters = new Map(
    Object.entries(given.parameters ?? {}).map(([key, values]) => [key, input(key, shapeOf(values))]),
  );
  const { loss, telemetry } = lossOf(name)
    .create(options)
    .build.labelled(
      {
        ...batchOf(example),
        embeddings,
        references: example.memory.length === 0 ? embeddings : concat([embeddings, memory], 0),
        ...(classes === undefined ? {} : { classes: constant(Int32Array.from(classes)) }),
        ...(selection === undefined ? {} : { selection }),
      },
      (key) => parameters.get(key) as Tensor,
    );
  const inputs = new Map([["embeddings", embeddings], ...parameters]);
  const found = gradients(loss, [...inputs.values()]);
  const prefixed = (prefix: string, entries: readonly (readonly [string, Tensor])[]) =>
    Object.fromEntries(entries.map(([key, node]) => [`${prefix} ${key}`, node]));
  const outputs: Record<string, Tensor> = {
    loss,
    ...prefixed("telemetry", Object.entries(telemetry)),
    ...prefixed(
      "d",
      [...inputs].map(([key, node], i) => [key, found[i] ?? node.mul(0)]),
    ),
  };
  const feeds = Object.fromEntries(
    Object.entries({ embeddings: example.rows, ...given.parameters }).map(([key, values]) => [
      key,
      { dtype: "float32" as const, shape: shapeOf(values), data: Float64Array.from(values.flat()) },
    ]),
  );
  return { outputs, feeds };
}

/** A loss and its gradients in float64. */
export function lossAndGradients(name: string, options: unknown, given: Given): Found {
  const { outputs, feeds } = graphOf(name, options, given);
  const results = Object.entries(evaluate(outputs, feeds, new Map())).map(
    ([key, { data }]) => [key, Array.from(data)] as const,
  );
  const of = (prefix: string) =>
    results.filter(([key]) => key.startsWith(prefix)).map(([key, data]) => [key.slice(prefix.length), data] as const);
  return {
    loss: results.find(([key]) => key === "loss")?.[1][0] as number,
    telemetry: Object.fromEntries(of("telemetry ").map(([key, [value]]) => [key, value as number])),
    gradients: new Map(of("d ")),
  };
}

/** What a loss learns, by the sizes of an example. */
export function parametersOf(
  name: string,
  options: unknown,
  dimension: number,
  classes: number,
): readonly LossParameter[] {
  return lossOf(name).create(options).parameters({ dimension, classes });
}

function shapeOf(values: Vectors): number[] {
  const [first] = values;
  return typeof first === "number" ? [values.length] : [values.length, first?.length ?? 0];
}

export const norm = (values: readonly number[]): number => Math.hypot(...values);
