import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createArena } from "#nearmiss/engine/arena.js";

test("blocks never overlap and are aligned, and memory stays flat under changing sizes", () => {
  const arena = createArena();
  const generator = rng(5, "arena");
  const held = new Map<number, number>();
  let highest = 0;
  for (let round = 0; round < 2000; round++) {
    if (held.size > 20) {
      const address = [...held.keys()][generator.int(held.size)]!;
      arena.free(address);
      held.delete(address);
    }
    const bytes = generator.int(100_000);
    const address = arena.allocate(bytes);
    expect(address % 64).toBe(0);
    for (const [other, size] of held) expect(address >= other + size || other >= address + bytes).toBe(true);
    held.set(address, bytes);
    highest = Math.max(highest, address + bytes);
  }
  expect(highest).toBeLessThan(8 * 2 ** 20);
  for (const address of held.keys()) arena.free(address);
  expect(arena.used()).toBe(0);
  const size = arena.memory.buffer.byteLength;
  expect(arena.allocate(size - 64)).toBe(64);
  expect(arena.memory.buffer.byteLength).toBe(size);
});

test("more than 4 GiB is one clear error", () => {
  const arena = createArena();
  expect(() => arena.allocate(5 * 2 ** 30)).toThrow(
    expect.objectContaining({ code: "out-of-memory", exitCode: 1, message: expect.stringContaining("smaller batch") }),
  );
  expect(arena.used()).toBe(0);
});

test("a block beyond 2 GiB is usable", () => {
  const arena = createArena();
  arena.allocate(2 ** 31);
  const address = arena.allocate(64);
  expect(address).toBeGreaterThanOrEqual(2 ** 31);
  const view = new Float32Array(arena.memory.buffer, address, 16);
  view.fill(2);
  expect(view[15]).toBe(2);
});

test("freeing what is not held is refused", () => {
  expect(() => createArena().free(64)).toThrow(RangeError);
});
