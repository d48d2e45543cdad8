import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { removeAll, renameOver, writeFileAtomic, writeStreamAtomic } from "#nearmiss/base/files.js";
import { comparePaths } from "#nearmiss/base/text.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A rename that fails so often, as on Windows while a virus scanner looks. */
function held(times: number, code: string) {
  const tries: string[] = [];
  const rename: typeof renameSync = (from, to) => {
    tries.push(code);
    if (tries.length <= times) throw Object.assign(new Error(code), { code, syscall: "rename" });
    renameSync(from, to);
  };
  return { tries, rename };
}

describe("a rename that another program holds up", () => {
  test.each(["EPERM", "EACCES", "EBUSY"])("is tried again on Windows after %s", (code) => {
    writeFileSync(join(folder, "new"), "new");
    writeFileSync(join(folder, "old"), "old");
    const { tries, rename } = held(3, code);
    renameOver(join(folder, "new"), join(folder, "old"), { platform: "win32", rename });
    expect(tries.length).toBe(4);
    expect(readFileSync(join(folder, "old"), "utf8")).toBe("new");
  });

  test("is an error in the end, at once elsewhere, and at once for another reason", () => {
    const tries = (platform: NodeJS.Platform, code: string) => {
      const { tries, rename } = held(Number.POSITIVE_INFINITY, code);
      expect(() => renameOver("a", "b", { platform, rename })).toThrow(code);
      return tries.length;
    };
    expect(tries("win32", "EPERM")).toBe(8);
    expect(tries("linux", "EPERM")).toBe(1);
    expect(tries("win32", "ENOENT")).toBe(1);
  });
});

test("files are replaced whole, and nothing is left beside them", async () => {
  const own = join(folder, "own");
  mkdirSync(own);
  writeFileAtomic(join(own, "a.txt"), "one");
  writeFileAtomic(join(own, "a.txt"), "two");
  await writeStreamAtomic(join(own, "b.txt"), ["three ", "four"]);
  await expect(
    writeStreamAtomic(
      join(own, "b.txt"),
      (function* () {
        yield "half";
        throw new Error("broken off");
      })(),
    ),
  ).rejects.toThrow("broken off");
  expect(readdirSync(own).sort()).toEqual(["a.txt", "b.txt"]);
  expect(readFileSync(join(own, "a.txt"), "utf8")).toBe("two");
  expect(readFileSync(join(own, "b.txt"), "utf8")).toBe("three four");
  removeAll(own);
  removeAll(own);
  expect(readdirSync(folder)).not.toContain("own");
});

test("paths have one order, whatever stands between their parts", () => {
  const paths = [["a", "b"], ["a-b"], ["a"], ["a.b"]].map((parts) => parts.join(sep));
  expect(paths.sort(comparePaths).map((path) => path.replaceAll(sep, "/"))).toEqual(["a", "a-b", "a.b", "a/b"]);
});
