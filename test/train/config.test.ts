import { expect, test } from "vitest";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";

test.each([
  ["a number out of range", { batchSize: 1 }, "batchSize", "1"],
  ["a word for a number", { learningRate: "fast" }, "learningRate", '"fast"'],
  ["a fraction of a step", { steps: 2.5 }, "steps", "2.5"],
  ["an unknown choice", { schedule: "step" }, "schedule", '"step"'],
  ["an unknown key", { batchsize: 32 }, "batchsize", undefined],
  ["a part of a list", { filters: ["perc-pos=0.9", 7] }, "filters.1", "7"],
  ["a missing source of data", { data: undefined }, "data", undefined],
])("%s is named", (_, given, field, found) => {
  const broken = { data: "d", ...given } as TrainConfigInput;
  let thrown: unknown;
  try {
    resolveConfig(broken);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "bad-config", exitCode: 2, detail: { field } });
  if (found !== undefined) expect(thrown).toMatchObject({ detail: { found } });
});

test("defaults follow from the kind of model, and what is given wins", () => {
  const fixed = resolveConfig({ data: "d" });
  expect(fixed).toMatchObject({ model: "static", sampler: "simans", candidates: "train", seed: 1 });
  const bert = resolveConfig({ data: "d", model: "bert" });
  const folder = resolveConfig({ data: "d", model: "some/folder" });
  expect(new Set([fixed, bert, folder].map(({ learningRate }) => learningRate)).size).toBe(3);
  expect(resolveConfig({ data: "d", model: "bert", learningRate: 0.5, dropout: 0 })).toMatchObject({
    learningRate: 0.5,
    dropout: 0,
    batchSize: bert.batchSize,
  });
});

test("a configuration given back is the same", () => {
  for (const model of ["static", "bert", "folder"]) {
    const config = resolveConfig({ data: "d", model, samplerParams: { a: 1 } });
    expect(resolveConfig(JSON.parse(JSON.stringify(config)) as TrainConfigInput)).toEqual(config);
  }
});

test("an option that is undefined counts as not given", () => {
  expect(resolveConfig({ data: "d", steps: undefined, epochs: undefined } as unknown as TrainConfigInput)).toEqual(
    resolveConfig({ data: "d" }),
  );
});
