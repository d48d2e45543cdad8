import { inputError } from "../base/errors.js";

export type ScheduleKind = "constant" | "linear" | "cosine";

/**
 * The factor of the learning rate at step s = 0, 1, …, in [0, 1]: s / warmupSteps during warm-up (so the first of them has factor 0), then
 * constant 1, or down to 0 at `totalSteps` on a line or half a cosine. As in the transformers library. Throws `bad-schedule` when
 * the steps are no counts.
 */
export function schedule(kind: ScheduleKind, warmupSteps: number, totalSteps: number): (step: number) => number {
  for (const [field, value] of Object.entries({ warmupSteps, totalSteps })) {
    if (!(Number.isInteger(value) && value >= 0)) {
      throw inputError("bad-schedule", "a schedule counts whole steps", {
        field,
        found: String(value),
        expected: "an integer from 0",
      });
    }
  }
  const decay = decays[kind];
  const remaining = Math.max(1, totalSteps - warmupSteps);
  return (step) => {
    if (step < warmupSteps) return step / warmupSteps;
    return decay(Math.min(1, (step - warmupSteps) / remaining));
  };
}

/** Factors by the share of the steps after warm-up that are done. */
const decays: Readonly<Record<ScheduleKind, (done: number) => number>> = {
  constant: () => 1,
  linear: (done) => 1 - done,
  cosine: (done) => 0.5 * (1 + Math.cos(Math.PI * done)),
};
