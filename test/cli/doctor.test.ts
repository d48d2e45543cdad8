import { join } from "node:path";
import { expect, test } from "vitest";
import {
  cacheCheck,
  memoryCheck,
  nodeCheck,
  platformCheck,
  processorCheck,
  threadsCheck,
} from "#nearmiss/cli/doctor-checks.js";
import { nearmiss } from "./nearmiss.js";

test("doctor finds this machine fit", () => {
  const { checks } = JSON.parse(nearmiss(["doctor", "--json"]).out).result;
  for (const name of ["node", "platform", "engine", "processor", "threads", "memory", "cache", "typescript"]) {
    expect(checks.find((check: { name: string }) => check.name === name)).toMatchObject({ status: "ok" });
  }
});

test("a failed check makes the exit code 1 and still prints the envelope", () => {
  const { code, out } = nearmiss(["doctor", "--json", "--cache", join(import.meta.filename, "cache")]);
  expect(code).toBe(1);
  expect(JSON.parse(out).result.checks.find((check: { name: string }) => check.name === "cache").status).toBe("fail");
});

test("each check says what to do", () => {
  expect(nodeCheck("20.18.0")).toMatchObject({ status: "fail", detail: expect.stringContaining("20.19") });
  expect([nodeCheck("20.19.0").status, nodeCheck("26.0.0").status]).toEqual(["ok", "ok"]);
  expect(platformCheck("darwin", "x64")).toMatchObject({
    status: "fail",
    detail: expect.stringContaining("Intel Macs"),
  });
  expect(platformCheck("freebsd", "x64").status).toBe("fail");
  expect(threadsCheck(8, 2)).toMatchObject({ status: "warn", detail: expect.stringContaining("8 of 2") });
  expect(memoryCheck(2 ** 30)).toMatchObject({ status: "warn" });
  expect(cacheCheck("/tmp", 5)).toMatchObject({ status: "warn", detail: expect.stringContaining("1 GB") });
});

test("processor features are read from the flags and unknown elsewhere", () => {
  const flags = "processor: 0\nflags\t\t: fpu avx2 avx512f avx512_vnni amx_tile\n";
  expect(processorCheck(flags, "x64").detail).toContain("avx2 yes, avx512 yes, vnni yes, amx yes");
  expect(processorCheck("flags : fpu avx512vl\n", "x64")).toMatchObject({
    status: "warn",
    detail: expect.stringContaining("avx2 no, avx512 no, vnni no, amx no"),
  });
  expect(processorCheck(null).detail).toContain("unknown");
});
