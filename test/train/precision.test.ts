import { beforeAll, describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { emptyFolder, run, shortBert, shortStatic, writeData } from "./small.js";

let data = "";
beforeAll(() => {
  data = writeData(emptyFolder());
});

const config = { ...shortBert, dimension: 64, intermediate: 128, dropout: 0, sampler: "in-batch", steps: 3 } as const;

/** Development measure at the end of a short run. */
async function train(given: TrainConfigInput) {
  const out = `${emptyFolder()}/run`;
  const { fingerprint, best } = await run({ ...config, data, ...given }, { out, warnings: collectWarnings() });
  return { fingerprint, value: best.value };
}

describe.each(["int8", "int8-gradient"] as const)("precision %s", (precision) => {
  test("trains to nearly the same model, whole batches or cached ones", async () => {
    const plain = await train({});
    const found = await train({ precision });
    const cached = await train({ precision, microBatch: 5 });
    expect(new Set([plain, found, cached].map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(Math.abs(found.value - plain.value)).toBeLessThan(0.1);
    expect(Math.abs(cached.value - found.value)).toBeLessThan(0.05);
  });

  test("is refused for a static model, which has nothing to gain", async () => {
    const out = `${emptyFolder()}/run`;
    const refused = run({ ...shortStatic, data, precision }, { out });
    await expect(refused).rejects.toMatchObject({ code: "no-int8", exitCode: 2 });
  });
});

test("another word is no precision", () => {
  expect(() => resolveConfig({ data: "d", precision: "int4" } as unknown as TrainConfigInput)).toThrow(/precision/);
});
