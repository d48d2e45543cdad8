import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createPieceTable, emptyHash, hashOn } from "#nearmiss/data/piece-table.js";

const unitsOf = (piece: string): Uint16Array =>
  Uint16Array.from({ length: piece.length }, (_, i) => piece.charCodeAt(i));
const hashOf = (units: Uint16Array): number => units.reduce((hash, unit) => hashOn(hash, unit), emptyHash);

test.each([3, 64, 1000])("finds what was put in, also after room for %i ran out, and nothing else", (most) => {
  const table = createPieceTable(most);
  const random = rng(5, "pieces", most);
  let known = new Map<string, number[]>();
  for (let round = 0; round < 4000; round++) {
    const piece = "x".repeat(random.int(3)) + random.int(3 * most).toString(36);
    const text = unitsOf(`(${piece})`);
    const hash = hashOf(unitsOf(piece));
    const number = table.find(text, 1, piece.length + 1, hash);
    expect(number >= 0).toBe(known.has(piece));
    if (number >= 0) {
      const ids = known.get(piece)!;
      expect(table.idsOf(number)).toEqual(ids);
      expect(table.length(number)).toBe(ids.length);
      const row = new Int32Array(ids.length + 2).fill(-1);
      table.copyIds(number, row, 1);
      expect([...row]).toEqual([-1, ...ids, -1]);
    } else {
      if (known.size === most) known = new Map();
      const ids = Array.from({ length: random.int(4) }, () => random.int(1000));
      table.add(unitsOf(piece), hash, ids);
      known.set(piece, ids);
    }
  }
});

test("pieces of one hash are told apart", () => {
  const table = createPieceTable(8);
  for (const piece of ["ab", "ba", "abc", ""]) table.add(unitsOf(piece), 7, [piece.length]);
  for (const piece of ["ab", "ba", "abc", ""]) {
    const number = table.find(unitsOf(piece), 0, piece.length, 7);
    expect(table.idsOf(number)).toEqual([piece.length]);
  }
  expect(table.find(unitsOf("bb"), 0, 2, 7)).toBe(-1);
  expect(table.find(unitsOf("ab"), 0, 2, 8)).toBe(-1);
});
