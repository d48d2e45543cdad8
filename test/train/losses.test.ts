import { expect, test } from "vitest";
import { resolveConfig } from "#nearmiss/train/config.js";
import { lossOver } from "#nearmiss/train/losses.js";

const over = (loss: string, lossParams: Record<string, unknown> = {}) =>
  lossOver(resolveConfig({ data: "x", loss: loss as "mnrl", lossParams }), "queries with their documents", "pairs");

test("a loss that would be another without its queue is refused, also as a part", () => {
  const parts = { parts: [{ loss: "mnrl" }, { loss: "esimcse", weight: 0.1 }] };
  const refused = [
    ["moco", {}],
    ["mochi", {}],
    ["esimcse", {}],
    ["weighted-sum", parts],
    ["matryoshka", { loss: "esimcse", dims: [8] }],
  ] as const;
  for (const [name, params] of refused)
    expect(() => over(name, params), name).toThrow(expect.objectContaining({ code: "not-implemented" }));
  expect(over("simcse").name).toBe("simcse");
  expect(() => over("supcon")).toThrow(expect.objectContaining({ code: "wrong-loss" }));
});
