import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { toFloat32 } from "#nearmiss/base/float16.js";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "#nearmiss/base/safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const shared = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));

/** A file with this content. */
function plain(content: string | Uint8Array): string {
  const path = join(folder, "plain.safetensors");
  writeFileSync(path, content);
  return path;
}

/** A file with this header text (or length claim) and so many data bytes. */
function file(header: unknown, data = 0, claim?: bigint): string {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = Buffer.alloc(8 + text.length + data);
  bytes.writeBigUInt64LE(claim ?? BigInt(text.length));
  text.copy(bytes, 8);
  const path = join(folder, "made.safetensors");
  writeFileSync(path, bytes);
  return path;
}

const tensor = (begin: number, end: number, shape: readonly number[], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("a damaged file is refused with the reason", () => {
  const cases: readonly (readonly [string, () => string, readonly string[]])[] = [
    ["empty", () => plain(""), ["empty or too short", "0 bytes"]],
    ["absent", () => join(folder, "absent.safetensors"), ["not found", "absent.safetensors"]],
    ["seven bytes", () => plain("1234567"), ["too short", "7 bytes"]],
    ["length beyond the file", () => file("{}", 0, 1000n), ["header length 1000", "file size 10"]],
    ["length of 4 GiB", () => file("{}", 0, 2n ** 32n), ["header length", "limit (100 MB)", "4294967296"]],
    ["length of 2^63 + 5", () => file("{}", 0, 2n ** 63n + 5n), ["9223372036854775813"]],
    ["no JSON", () => file("{nope"), ["header", "JSON"]],
    ["no UTF-8", () => plain(Buffer.from("0200000000000000c328", "hex")), ["JSON"]],
    ["a list", () => file("[]"), ["JSON object"]],
    ["metadata is a list", () => file({ __metadata__: [] }), ["__metadata__"]],
    ["metadata holds a number", () => file({ __metadata__: { step: 3 } }), ["step", "3"]],
    ["entry is null", () => file({ w: null }), ["tensor w", "null"]],
    ["dtype", () => file({ w: tensor(0, 4, [1], "Q4_K") }, 4), ["tensor w", "Q4_K", "BF16"]],
    ["dtype is a number", () => file({ w: { ...tensor(0, 4, [1]), dtype: 7 } }, 4), ["tensor w", "dtype", "7"]],
    ["negative shape", () => file({ w: tensor(0, 4, [-1]) }, 4), ["tensor w", "[-1]"]],
    ["fractional shape", () => file({ w: tensor(0, 4, [0.5]) }, 4), ["tensor w", "[0.5]"]],
    ["shape overflow", () => file({ w: tensor(0, 4, [2 ** 40, 2 ** 40]) }, 4), ["tensor w", "shape", "too large"]],
    ["offsets reversed", () => file({ w: tensor(4, 0, [1]) }, 4), ["tensor w", "data_offsets", "[4,0]"]],
    ["offsets of three", () => file({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4, 8] } }, 4), ["[0,4,8]"]],
    ["offsets absent", () => file({ w: { dtype: "F32", shape: [1] } }, 4), ["tensor w", "data_offsets"]],
    [
      "shape and bytes disagree",
      () => file({ w: tensor(0, 4, [2]) }, 4),
      ["tensor w", "4 bytes", "8 bytes for F32 [2]"],
    ],
    ["outside the file", () => file({ w: tensor(0, 8, [2]) }, 4), ["tensor w", "outside the file", "truncated"]],
    ["overlap", () => file({ a: tensor(0, 8, [2]), b: tensor(4, 12, [2]) }, 12), ["tensors a and b overlap"]],
    ["gap", () => file({ a: tensor(0, 4, [1]), b: tensor(8, 12, [1]) }, 12), ["not covered by any tensor", "4 bytes"]],
    ["tail", () => file({ a: tensor(0, 4, [1]) }, 12), ["not covered by any tensor", "8 bytes after a"]],
    [
      "Git LFS pointer",
      () => plain("version https://git-lfs.github.com/spec/v1\n"),
      ["Git LFS pointer", "git lfs pull"],
    ],
  ];
  test.each(cases)("%s", (_name, make, words) => {
    const path = make();
    let message = "nothing was thrown";
    try {
      readSafetensors(path);
    } catch (error) {
      expect(error).toMatchObject({ name: "NearmissError", exitCode: 2, detail: { file: path } });
      message = (error as Error).message;
    }
    for (const word of words) expect(message).toContain(word);
  });

  test("any cut of a good file is refused, any flipped header byte is refused or read without a crash", () => {
    const path = join(folder, "good.safetensors");
    const write = () =>
      writeSafetensors(path, [{ name: "w", dtype: "F32", shape: [2, 3], data: Float32Array.from([1, 2, 3, 4, 5, 6]) }]);
    write();
    const size = readFileSync(path).length;
    fc.assert(
      fc.property(fc.nat(size - 1), fc.nat(size - 25), fc.nat(255), (cut, place, byte) => {
        write();
        truncateSync(path, cut);
        expect(() => readSafetensors(path)).toThrow(path);
        write();
        const bytes = readFileSync(path);
        bytes[place] = byte;
        writeFileSync(path, bytes);
        try {
          readSafetensors(path);
        } catch (error) {
          expect(error).toMatchObject({ name: "NearmissError", detail: { file: path } });
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe("what is written is read back", () => {
  test("for any tensors, in any order, with the same bytes", () => {
    const dtypes = {
      F32: Float32Array,
      F64: Float64Array,
      I64: BigInt64Array,
      I32: Int32Array,
      U8: Uint8Array,
    } as const;
    const one = fc.record({
      dtype: fc.constantFrom(...(Object.keys(dtypes) as (keyof typeof dtypes)[])),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(255),
    });
    const path = join(folder, "any.safetensors");
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), one, { maxKeys: 6 }), (held) => {
        const tensors = Object.entries(held).map(([name, { dtype, shape, seed }]) => {
          const data = new dtypes[dtype](shape.reduce((a, b) => a * b, 1));
          new Uint8Array(data.buffer).forEach((_, i, bytes) => {
            bytes[i] = (seed * (i + 1) * 37) % 251;
          });
          return { name, dtype, shape, data };
        });
        fc.pre(tensors.every(({ name }) => name !== "__metadata__"));
        writeSafetensors(path, tensors, { format: "pt", note: "ü" });
        const bytes = readFileSync(path);
        expect(bytes.readBigUInt64LE(0) % 8n).toBe(0n);
        writeSafetensors(path, tensors.toReversed(), { format: "pt", note: "ü" });
        expect(readFileSync(path).equals(bytes)).toBe(true);
        const header = readSafetensorsHeader(path);
        expect([...header.metadata]).toEqual([
          ["format", "pt"],
          ["note", "ü"],
        ]);
        for (const { dtype, begin } of header.tensors.values())
          expect(begin % { F32: 4, F64: 8, I64: 8, I32: 4, U8: 1 }[dtype]!).toBe(0);
        const read = readSafetensors(path);
        expect(read.size).toBe(tensors.length);
        for (const { name, dtype, shape, data } of tensors)
          expect(read.get(name)).toEqual({ dtype, shape, data: new Uint8Array(data.buffer) });
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test("a name such as __proto__ is a tensor like any other, and a view into a larger buffer is written alone", () => {
    const path = join(folder, "proto.safetensors");
    const data = Float32Array.from([0, 1, 2, 3]).subarray(1, 3);
    writeSafetensors(path, [{ name: "__proto__", dtype: "F32", shape: [2], data }]);
    expect(toFloat32(readSafetensors(path, ["__proto__"]).get("__proto__")!)).toEqual(Float32Array.from([1, 2]));
    expect(() => readSafetensors(path, ["constructor"])).toThrow("tensor constructor is missing");
  });

  test("a wrong byte count and a name given twice are programming errors", () => {
    const data = new Float32Array(2);
    const path = join(folder, "wrong.safetensors");
    expect(() => writeSafetensors(path, [{ name: "a", dtype: "F32", shape: [3], data }])).toThrow(RangeError);
    const twice = { name: "a", dtype: "F32", shape: [2], data } as const;
    expect(() => writeSafetensors(path, [twice, { name: "b", dtype: "F32", shape: [2], data }, twice])).toThrow(
      "taken",
    );
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test.skipIf(!existsSync(shared))("as the reference writer wrote it, byte for byte", () => {
    for (const name of ["bert-mean", "bert-mean-legacy", "clip-tiny"]) {
      const source = join(shared, "models", name, "model.safetensors");
      const path = join(folder, "again.safetensors");
      const tensors = [...readSafetensors(source)].map(([name, { dtype, ...rest }]) => ({
        name,
        dtype: dtype as "F32" | "I64",
        ...rest,
      }));
      writeSafetensors(path, tensors);
      expect(readFileSync(path).equals(readFileSync(source)), name).toBe(true);
    }
  });
});

describe("conversion to float32", () => {
  /** The value of 16 bits by the definition of IEEE 754. */
  const half = (bits: number): number => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  };

  test("of every half-precision number is exact", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = toFloat32({ dtype: "F16", shape: [65536], data: new Uint8Array(bits.buffer) })!;
    values.forEach((value, i) => {
      if (!Object.is(value, half(i))) throw new Error(`${i.toString(16)}: got ${value}, want ${half(i)}`);
    });
  });

  test("of bfloat16 is its upper half, of float64 is rounding, of an integer is nothing", () => {
    const values = Float32Array.from([1, -2.5, 2 ** 127, 1e-40]);
    const upper = new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1);
    const widened = toFloat32({ dtype: "BF16", shape: [4], data: new Uint8Array(upper.buffer) })!;
    expect([...widened].slice(0, 3)).toEqual([1, -2.5, 2 ** 127]);
    const data = new Uint8Array(Float64Array.from([0.1, -1e300]).buffer);
    expect([...toFloat32({ dtype: "F64", shape: [2], data })!]).toEqual([Math.fround(0.1), -Infinity]);
    expect(toFloat32({ dtype: "I64", shape: [2], data })).toBeNull();
  });
});
