import { expect, test } from "vitest";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { sharingShows } from "#nearmiss/engine/sharing.js";
import { input, matmul, parameter } from "#nearmiss/graph/index.js";
import { normals } from "./models.js";

const product = (m: number, n: number, k: number) => [{ m, n, k }];
const none = new Map<string, number>();

test("products shared by columns narrow enough to change a sum's blocks are known", () => {
  expect(sharingShows(product(96, 128, 512), none, 2)).toBe(true);
  // Shared by rows; one thread; a sum of one block; the row kernel; shares still wide.
  expect(sharingShows(product(128, 128, 512), none, 8)).toBe(false);
  expect(sharingShows(product(96, 128, 512), none, 1)).toBe(false);
  expect(sharingShows(product(96, 128, 128), none, 8)).toBe(false);
  expect(sharingShows(product(1, 128, 512), none, 8)).toBe(false);
  expect(sharingShows(product(96, 1024, 512), none, 8)).toBe(false);
  expect(sharingShows(product(96, 384, 384), none, 2)).toBe(false);
  expect(sharingShows(product(96, 384, 384), none, 8)).toBe(true);
});

test("a product has the same bits with any number of threads, and its rows whatever stands beside them", async () => {
  const shapes = [
    [96, 128, 512],
    [40, 64, 384],
    [30, 100, 700],
    [17, 384, 1536],
  ] as const;
  const results: (readonly number[])[][] = [];
  for (const threads of [1, 2, 3, 8]) {
    const engine = await createEngine({ threads });
    const found: (readonly number[])[] = [];
    for (const [m, n, k] of shapes) {
      const x = normals([m, k], "x");
      const weights = await engine.load(new Map([["w", normals([n, k], "w")]]));
      const y = matmul(input("x", ["rows", k]), parameter("w", [n, k]), { transposeB: true });
      const program = await engine.compile({ outputs: { y } });
      const whole = (await engine.run(program, { x }, weights))["y"]!.data;
      const few = { ...x, shape: [2, k], data: x.data.slice(0, 2 * k) };
      const part = (await engine.run(program, { x: few }, weights))["y"]!.data;
      expect(Array.from(part)).toEqual(Array.from(whole.slice(0, 2 * n)));
      found.push(Array.from(whole));
    }
    results.push(found);
    await engine.close();
  }
  for (const found of results.slice(1)) expect(found).toEqual(results[0]);
});
