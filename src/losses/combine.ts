import { inputError } from "../base/errors.js";
import type { BatchKind, Loss, LossOutput, LossParameters } from "./types.js";

/** One loss of several, and how much it counts. */
export interface WeightedLoss<K extends BatchKind> {
  readonly loss: Loss<K>;
  readonly weight: number;
}

/**
 * Σ w_i L_i over the same batch, for every kind of batch that all of them take: a loss with a regulariser, N-pair + 2 · angular. Parameters and
 * telemetry get the part's place and name before theirs (`0:proxy-nca/proxies`). All parts that take negatives must mean the same by them. Throws
 * `bad-option` where the parts share no kind of batch, where their scopes differ, or where there are none.
 */
export function combine<K extends BatchKind>(parts: readonly WeightedLoss<K>[]): Loss<K> {
  const [first] = parts;
  const names = parts.map(({ loss }, i) => `${i}:${loss.name}`);
  const kinds = (Object.keys(first?.loss.build ?? {}) as K[]).filter((kind) =>
    parts.every(({ loss }) => kind in loss.build),
  );
  if (first === undefined || kinds.length === 0) {
    throw inputError("bad-option", "combine: the losses must share a kind of batch", {
      found: names.join(", ") || "no loss",
    });
  }
  if (kinds.includes("pairs" as K) && parts.some(({ loss }) => loss.scope !== first.loss.scope)) {
    throw inputError(
      "bad-option",
      "combine: some losses take the whole batch for negatives and some only a row's own",
      { found: names.join(", ") },
    );
  }
  const build =
    <B extends K>(kind: B): Loss<K>["build"][B] =>
    (batch, parameters) => {
      const inside =
        (name: string): LossParameters =>
        (parameter) =>
          parameters(`${name}/${parameter}`);
      const built = parts.map(({ loss, weight }, i) => ({
        weight,
        ...loss.build[kind](batch, inside(names[i] as string)),
      }));
      return {
        loss: built.map(({ loss, weight }) => loss.mul(weight)).reduce((sum, one) => sum.add(one)),
        telemetry: Object.assign({}, ...built.map((one, i) => named(names[i] as string, one))),
      };
    };
  return {
    name: parts.map(({ loss, weight }) => `${weight}·${loss.name}`).join("+"),
    options: Object.fromEntries(parts.map(({ loss, weight }, i) => [names[i], { ...loss.options, weight }])),
    scope: first.loss.scope,
    scale: first.loss.scale,
    memory: parts.every(({ loss }) => loss.memory),
    queue: parts.some(({ loss }) => loss.queue),
    parameters: (sizes) =>
      parts.flatMap(({ loss }, i) =>
        loss.parameters(sizes).map((one) => ({ ...one, name: `${names[i]}/${one.name}` })),
      ),
    build: Object.fromEntries(kinds.map((kind) => [kind, build(kind)])) as Loss<K>["build"],
  };
}

function named(name: string, { loss, telemetry }: LossOutput): LossOutput["telemetry"] {
  const entries = Object.entries(telemetry).map(([key, value]) => [`${name}/${key}`, value] as const);
  return { [`${name}/loss`]: loss, ...Object.fromEntries(entries) };
}
