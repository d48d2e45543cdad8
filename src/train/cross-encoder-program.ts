import type { HostTensor, ProgramSpec } from "../engine/types.js";
import { input, where } from "../graph/index.js";
import type { Loss, LossParameters } from "../losses/types.js";
import type { ForwardOptions, Sequence, TextEncoder } from "../nn/encoder.js";
import { parameterGradients } from "./program.js";

/** A query with what is to be ranked for it: its positive, then negatives; each a pair of texts. */
export type List = readonly Sequence[];

/** The graph of one step: a score a pair; each row of the loss's matrix looks at its own pairs alone. */
export function listSpec(
  encoder: Pick<TextEncoder, "forward">,
  loss: Loss<"logits">,
  parameters: LossParameters,
  options: ForwardOptions,
): ProgramSpec {
  const logits = encoder.forward(options);
  const mask = (name: string) => input(name, ["rows", logits.length(0)], "bool");
  const [positive, negative] = [mask("positive"), mask("negative")];
  const scores = where(positive.or(negative), logits.squeeze(1).unsqueeze(0), 0);
  const built = loss.build.logits({ scores, positive, negative }, parameters);
  return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
}

/** Which pairs, in packed order, are a row's positive and its negatives. */
export function listFeeds(lists: readonly List[], place: Int32Array): Record<string, HostTensor> {
  const shape = [lists.length, place.length];
  const [positive, negative] = [
    new Uint8Array(lists.length * place.length),
    new Uint8Array(lists.length * place.length),
  ];
  let pair = 0;
  lists.forEach((list, row) => {
    list.forEach((_, i) => {
      (i === 0 ? positive : negative)[row * place.length + (place[pair++] as number)] = 1;
    });
  });
  return { positive: { dtype: "bool", shape, data: positive }, negative: { dtype: "bool", shape, data: negative } };
}
