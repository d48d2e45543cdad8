import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { oneAhead } from "#nearmiss/base/ahead.js";

test("results come in order, each begun before the one before it is handed out", async () => {
  const events: string[] = [];
  const made = oneAhead([1, 2, 3], async (item) => {
    events.push(`begin ${item}`);
    await setTimeout(4 - item);
    return 10 * item;
  });
  for await (const result of made) events.push(`use ${result}`);
  expect(events).toEqual(["begin 1", "begin 2", "use 10", "begin 3", "use 20", "use 30"]);
});

test("nothing is begun of no items", async () => {
  for await (const _ of oneAhead([], () => Promise.reject(new Error("begun")))) expect.unreachable();
});

test("a failure is told in its turn, and what is under way is waited for where the user stops", async () => {
  const used: number[] = [];
  const failing = oneAhead([1, 2, 3], async (item) => {
    if (item === 2) throw new Error("two failed");
    return item;
  });
  await expect(async () => {
    for await (const result of failing) used.push(result);
  }).rejects.toThrow("two failed");
  expect(used).toEqual([1]);

  let finished = 0;
  const stopped = oneAhead([1, 2, 3], async (item) => {
    await setTimeout(5);
    finished++;
    return item;
  });
  for await (const _ of stopped) break;
  expect(finished).toBe(2);
});
