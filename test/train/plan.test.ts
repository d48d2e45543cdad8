import fc from "fast-check";
import { expect, test } from "vitest";
import { type PlanOptions, planSteps } from "#nearmiss/train/plan.js";

const base: PlanOptions = {
  stepsPerEpoch: 25,
  epochs: 4,
  steps: null,
  warmup: 0.1,
  mineFrom: 0.5,
  refreshEvery: null,
  evaluateEvery: null,
  checkpointEvery: null,
  mined: true,
};

test("epochs give the steps, and a tenth of them warms up", () => {
  const plan = planSteps(base);
  expect(plan).toMatchObject({ total: 100, warmupSteps: 10, refreshes: [50, 75] });
  expect(plan.evaluations).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(plan.checkpoints).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
});

test("steps win over epochs, and a part of an epoch is rounded", () => {
  expect(planSteps({ ...base, steps: 7 }).total).toBe(7);
  expect(planSteps({ ...base, epochs: 0.5 }).total).toBe(13);
  expect(planSteps({ ...base, epochs: 0.001 }).total).toBe(1);
});

test("a warm-up of 1 or more is a number of steps", () => {
  expect(planSteps({ ...base, warmup: 3 }).warmupSteps).toBe(3);
  expect(planSteps({ ...base, warmup: 1000 }).warmupSteps).toBe(100);
  expect(planSteps({ ...base, warmup: 0 }).warmupSteps).toBe(0);
});

test("without a corpus sampler nothing is refreshed", () => {
  expect(planSteps({ ...base, mined: false }).refreshes).toEqual([]);
});

test("pools may be built from the very first weights, and every so many steps", () => {
  expect(planSteps({ ...base, mineFrom: 0, refreshEvery: 40 }).refreshes).toEqual([0, 40, 80]);
  expect(planSteps({ ...base, mineFrom: 1 }).refreshes).toEqual([99]);
});

test("every plan begins and ends with an evaluation, ends with a checkpoint, and never refreshes after the last step", () => {
  const interval = fc.option(fc.integer({ min: 1, max: 60 }), { nil: null });
  const options = fc.record({
    stepsPerEpoch: fc.integer({ min: 1, max: 30 }),
    epochs: fc.double({ min: 0.01, max: 5, noNaN: true }),
    steps: interval,
    warmup: fc.double({ min: 0, max: 40, noNaN: true }),
    mineFrom: fc.double({ min: 0, max: 1, noNaN: true }),
    refreshEvery: interval,
    evaluateEvery: interval,
    checkpointEvery: interval,
    mined: fc.boolean(),
  });
  fc.assert(
    fc.property(options, (given) => {
      const { total, warmupSteps, refreshes, evaluations, checkpoints } = planSteps(given);
      for (const steps of [refreshes, evaluations, checkpoints]) {
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      }
      expect([evaluations[0], evaluations.at(-1), checkpoints.at(-1)]).toEqual([0, total, total]);
      expect(refreshes.length > 0).toBe(given.mined);
      for (const step of refreshes) expect(step).toBeLessThan(total);
      expect(warmupSteps).toBeLessThanOrEqual(total);
    }),
    { seed: 1 },
  );
});
