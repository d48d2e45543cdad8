import { expect, test } from "vitest";
import { nearmiss, script } from "./nearmiss.js";

test("with --json stdout is exactly one object with the keys of the envelope", () => {
  const { code, out, err } = nearmiss(["doctor", "--json", "--seed", "7"]);
  expect(code).toBe(0);
  const envelope = JSON.parse(out);
  expect(Object.keys(envelope)).toEqual(["command", "version", "seed", "warnings", "result", "timing"]);
  expect(envelope).toMatchObject({ command: "doctor", seed: 7, warnings: [] });
  expect(envelope.timing.seconds).toBeGreaterThan(0);
  expect(err).toContain("node");
});

test("two equal runs differ in timing only", () => {
  const [one, two] = [0, 1].map(() => ({ ...JSON.parse(nearmiss(["doctor", "--json"]).out), timing: null }));
  expect(one).toEqual(two);
});

test("--quiet --json leaves stderr empty; without --json the text is on stdout", () => {
  expect(nearmiss(["doctor", "--json", "--quiet"]).err).toBe("");
  const { out, err } = nearmiss(["doctor"]);
  expect(out).toContain("platform");
  expect(err).toBe("");
});

test.each([
  [["doctor", "--nonsense"], "doctor", "usage"],
  [["doctor", "extra"], "doctor", "usage"],
  [["doctr"], "nearmiss", "usage"],
  [[], "nearmiss", "usage"],
  [["doctor", "--threads", "0"], "doctor", "bad-value"],
  [["doctor", "--seed", "1.5"], "doctor", "bad-value"],
  [["doctor", "--seed"], "doctor", "usage"],
])("%j is bad usage", (argv, command, code) => {
  const ran = nearmiss([...argv.slice(0, 1), "--json", ...argv.slice(1)]);
  expect(ran.code).toBe(2);
  expect(JSON.parse(ran.out)).toMatchObject({ command, error: { code } });
  expect(Object.keys(JSON.parse(ran.out))).toEqual(["command", "error"]);
  const plain = nearmiss(argv);
  expect([plain.code, plain.out]).toEqual([2, ""]);
  expect(plain.err).toMatch(/^error: /);
});

test.each(["inspect", "review", "studio", "serve", "worker", "merge"])("%s is not built yet", (name) => {
  const { code, out } = nearmiss([name, "--json", "--qrels", "F", "anything"]);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ command: name, error: { code: "not-implemented" } });
});

test("help and version are no errors", () => {
  expect(nearmiss(["--help"])).toMatchObject({ code: 0, err: "" });
  expect(nearmiss(["doctor", "--help"]).out).toContain("--threads");
  expect(nearmiss(["--version"]).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

const waiting = (body: string): string => `
  import { runAction } from "DIST/cli/run.js";
  const streams = { out: process.stdout, err: process.stderr };
  process.exitCode = await runAction("train", { json: true, seed: 1, cache: "x" }, async (context) => {
    context.say("ready");
    const alive = setInterval(() => {}, 1000);
    ${body}
  }, "leaves-checkpoint", streams);`;

test("Ctrl-C aborts the signal, lets the work leave its checkpoint and exits 130", async () => {
  const { code, out, err } = await script(
    waiting(`await new Promise((go) => context.signal.addEventListener("abort", go));
      await new Promise((go) => setTimeout(go, 50));
      context.say("checkpoint");
      clearInterval(alive);
      throw context.signal.reason;`),
    (text, send) => {
      if (!text.includes("Stopping")) send("SIGINT");
    },
  );
  expect(code).toBe(130);
  expect(err).toContain("checkpoint");
  expect(JSON.parse(out)).toEqual({ command: "train", error: { code: "interrupted", message: "stopped by the user" } });
});

test("a second Ctrl-C ends at once", async () => {
  const { code, out } = await script(waiting("await new Promise(() => {});"), (_text, send) => send("SIGINT"));
  expect([code, out]).toEqual([130, ""]);
});

test("an error that is not on purpose exits 1 with code internal; a system error names its file", async () => {
  const broken = await script(waiting(`clearInterval(alive); null.x;`), () => {});
  expect(broken.code).toBe(1);
  expect(JSON.parse(broken.out).error.code).toBe("internal");
  const missing = await script(
    waiting(`clearInterval(alive); (await import("node:fs")).readFileSync("/no/such/file");`),
    () => {},
  );
  expect(missing.code).toBe(1);
  expect(JSON.parse(missing.out).error).toMatchObject({ code: "io", file: "/no/such/file" });
});

test("equal warnings are printed once, counted and listed", async () => {
  const { code, out, err } = await script(
    waiting(`clearInterval(alive);
      for (let i = 0; i < 3; i++) context.warnings.add("short-pool", "a pool is short");
      return { result: {} };`),
    () => {},
  );
  expect(code).toBe(0);
  expect(err.match(/a pool is short/g)).toHaveLength(1);
  expect(err).toContain("short-pool: 3 times");
  expect(JSON.parse(out).warnings).toEqual([{ code: "short-pool", message: "a pool is short", count: 3 }]);
});
