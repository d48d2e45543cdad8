import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: process.env["NEARMISS_SLOW"] === "1" ? ["test/**/*.test.ts", "test/**/*.slow.ts"] : ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Files take turns in two processes: what is compiled is loaded twice, not a hundred times.
    isolate: false,
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//] } },
  },
});
