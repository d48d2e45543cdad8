import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readNpy } from "#nearmiss/data/npy.js";
import { openNpyRows } from "#nearmiss/data/npy-rows.js";

const folder = mkdtempSync(join(tmpdir(), "npy-rows-"));

function npy(name: string, descr: string, shape: readonly number[], data: Uint8Array, zip = false): string {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }\n`;
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  const bytes = Buffer.concat([head, Buffer.from(text, "latin1"), data]);
  const path = join(folder, name);
  writeFileSync(path, zip ? gzipSync(bytes) : bytes);
  return path;
}

const [rows, columns] = [200, 5];
const halves = new Uint8Array(Uint16Array.from({ length: rows * columns }, (_, i) => 0x2e66 + i).buffer);
const floats = new Uint8Array(Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i)).buffer);
const paths = [
  npy("half.npy", "<f2", [rows, columns], halves),
  npy("single.npy", "<f4", [rows, columns], floats),
  npy("zipped.npy", "<f4", [rows, columns], floats, true),
];

test.each(paths)("rows read one by one are those of the whole file: %s", (path) => {
  const whole = readNpy(path).data;
  const source = openNpyRows(path);
  expect([source.rows, source.dimension]).toEqual([rows, columns]);
  const wanted = fc.array(fc.oneof(fc.nat(rows - 1), fc.constantFrom(3, 4, 5, 6)), { maxLength: 40 });
  fc.assert(
    fc.property(wanted, (some) => {
      const into = new Float32Array(some.length * columns);
      source.read(some, into);
      expect([...into]).toEqual(some.flatMap((row) => [...whole.subarray(row * columns, (row + 1) * columns)]));
    }),
  );
});

test("what cannot be read is refused, values when their row is read", () => {
  const two = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  expect(() => openNpyRows(join(folder, "none.npy"))).toThrow(/no such file/);
  expect(() => openNpyRows(npy("short.npy", "<f4", [3, 2], two([1, 2, 3])))).toThrow(/12 bytes.*24 bytes/);
  expect(() => openNpyRows(npy("axis.npy", "<f4", [4], two([1, 2, 3, 4])))).toThrow(/two axes/);
  expect(() => openNpyRows(npy("text.npy", "<U1", [2, 2], two([1, 2, 3, 4])))).toThrow(/<U1/);
  const source = openNpyRows(npy("nan.npy", "<f4", [3, 2], two([1, 2, 3, 4, 5, Number.NaN])));
  const into = new Float32Array(4);
  source.read([1, 0], into);
  expect([...into]).toEqual([3, 4, 1, 2]);
  expect(() => source.read([1, 2], into)).toThrow(/NaN in row 2, column 1/);
});
