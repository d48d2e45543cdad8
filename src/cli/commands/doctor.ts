import { freemem } from "node:os";
import type { AddCommand } from "../common.js";
import { withCommonOptions } from "../common.js";
import {
  type Check,
  cacheCheck,
  freeBytes,
  memoryCheck,
  nodeCheck,
  platformCheck,
  processorCheck,
  threadsCheck,
  typescriptCheck,
} from "../doctor-checks.js";
import { engineCheck } from "../engine-check.js";
import { formatBytes } from "../format.js";
import { table } from "../table.js";

/** `nearmiss doctor`: whether this machine can do the work, and what to do where it cannot. */
export const addDoctor: AddCommand = (program, run) => {
  withCommonOptions(program.command("doctor"))
    .description("check that this machine can run nearmiss")
    .action((_options, command) =>
      run(command, async ({ threads, cache }) => {
        const checks = [
          nodeCheck(),
          platformCheck(),
          await engineCheck(threads),
          processorCheck(),
          threadsCheck(threads),
          memoryCheck(),
          cacheCheck(cache),
          typescriptCheck(),
        ];
        const timing = { freeMemoryBytes: freemem(), freeCacheBytes: freeBytes(cache) };
        const failed = checks.some(({ status }) => status === "fail");
        return {
          result: { checks },
          text: describe(checks, timing),
          timing,
          ...(failed ? { exitCode: 1 as const } : {}),
        };
      }),
    );
};

function describe(
  checks: readonly Check[],
  free: { readonly freeMemoryBytes: number; readonly freeCacheBytes: number | null },
): string {
  const rows = checks.map(({ name, status, detail }) => [name, status, detail]);
  const room = free.freeCacheBytes === null ? "" : `, ${formatBytes(free.freeCacheBytes)} for caches`;
  return [
    table([{ title: "check" }, { title: "" }, { title: "found" }], rows),
    "",
    `Free now: ${formatBytes(free.freeMemoryBytes)} of memory${room}.`,
  ].join("\n");
}
