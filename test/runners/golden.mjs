// Compares nearmiss with files of reference values:
//
//     npm run golden -- DIR [--strict] [--float32] [--except NAME,…]
//
// DIR is a folder or one file. Every `*.json` below it is one file of cases; a folder that holds `expected.json` or `expected.json.gz` is one
// trec_eval file whose cases are the entries of `results`. One line a file, `PASS|FAIL|SKIP path k/n cases [first: case key got want]`, then the totals.
//
// Handlers live in `test/runners/golden/*.mjs`; each such module exports
//
//     export const handlers = [{
//       matches({ parent, name, json, path }) → boolean            // parent: the folder's name; name: the file's own `name`
//       runCase(case, json, options) → "skip" | { ok, key, got, want }   // may be async
//     }];
//
// The first handler that matches takes the file. `case` has `inputs`, `params`, `expected` … as in the file; a trec_eval case is
// `{ name, folder, options, expected }`. `options` is `{ float32: boolean }`. "skip": not implemented yet. A handler is driven by the
// inputs and parameters of a case, never by its name, since other files of the same form are checked too. What it throws is a failed case.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { show } from "./compare.mjs";

const usage = "usage: npm run golden -- DIR [--strict] [--float32] [--except NAME,…]";

function parseArguments(args) {
  const options = { root: undefined, strict: false, float32: false, except: new Set() };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--strict") options.strict = true;
    else if (arg === "--float32") options.float32 = true;
    else if (arg === "--except" && i + 1 < args.length)
      for (const name of args[++i].split(",")) options.except.add(name);
    else if (arg.startsWith("--except=")) for (const name of arg.slice(9).split(",")) options.except.add(name);
    else if (arg.startsWith("-") || options.root !== undefined) badUsage(`unexpected argument ${arg}`);
    else options.root = resolve(arg);
  }
  if (options.root === undefined) badUsage("DIR is missing");
  if (!existsSync(options.root)) badUsage(`${options.root} does not exist`);
  return options;
}

function badUsage(message) {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}

const expectedOf = (folder) =>
  ["expected.json", "expected.json.gz"].map((n) => join(folder, n)).find((p) => existsSync(p));

/** Every file of cases below a path, sorted: JSON files, and folders of trec_eval. */
function* findFiles(path) {
  if (statSync(path).isFile()) {
    if (path.endsWith(".json")) yield path;
    else if (basename(path) === "expected.json.gz") yield dirname(path);
    return;
  }
  if (expectedOf(path) !== undefined) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path).sort()) {
    const below = join(path, entry);
    if (statSync(below).isDirectory() || entry.endsWith(".json")) yield* findFiles(below);
  }
}

/** The parsed content, with a folder of trec_eval brought to the form of the others. */
function readCases(path) {
  const folder = statSync(path).isDirectory() ? path : basename(path) === "expected.json" ? dirname(path) : undefined;
  if (folder === undefined) return JSON.parse(readFileSync(path, "utf8"));
  const source = expectedOf(folder);
  const bytes = readFileSync(source);
  const json = JSON.parse((source.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
  const cases = Object.entries(json.results).map(([name, expected]) => ({
    name,
    folder,
    options: expected.options,
    expected,
  }));
  return { ...json, name: basename(folder), cases };
}

async function loadHandlers() {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "golden");
  const modules = readdirSync(folder).filter((file) => file.endsWith(".mjs"));
  const loaded = await Promise.all(modules.sort().map((file) => import(pathToFileURL(join(folder, file)).href)));
  return loaded.flatMap((module) => module.handlers);
}

/** What became of one case: `{ state: "pass" | "fail" | "skip", key?, got?, want? }`. */
async function runCase(handler, one, json, options) {
  try {
    const result = await handler.runCase(one, json, { float32: options.float32 });
    if (result === "skip") return { state: "skip" };
    return result.ok ? { state: "pass" } : { ...result, state: "fail" };
  } catch (error) {
    return { state: "fail", key: "error", got: error instanceof Error ? error.message : error, want: "no error" };
  }
}

/** `{ state, line }` of one file. */
async function runFile(path, name, json, handlers, options) {
  const cases = Array.isArray(json?.cases) ? json.cases : [];
  const parent = basename(dirname(path));
  const handler = handlers.find((one) => one.matches({ parent, name, json, path }));
  const shown = relative(process.cwd(), path) || path;
  let passed = 0;
  let skipped = cases.length === 0 || handler === undefined;
  let first;
  if (handler !== undefined) {
    for (const one of cases) {
      const result = await runCase(handler, one, json, options);
      if (result.state === "pass") passed += 1;
      else if (one.optional === true) continue;
      else if (result.state === "skip") skipped = true;
      else first ??= { ...result, name: one.name };
    }
  }
  const state = first !== undefined ? "fail" : skipped ? "skip" : "pass";
  const note =
    first === undefined ? "" : ` first: ${first.name} ${first.key} got ${show(first.got)} want ${show(first.want)}`;
  const printed = state === "skip" && options.strict ? "fail" : state;
  return { state: printed, line: `${printed.toUpperCase()} ${shown} ${passed}/${cases.length} cases${note}` };
}

const options = parseArguments(process.argv.slice(2));
const handlers = await loadHandlers();
const totals = { pass: 0, fail: 0, skip: 0 };
for (const path of findFiles(options.root)) {
  const file = basename(path, ".json");
  const report = ({ state, line }) => {
    totals[state] += 1;
    console.log(line);
  };
  let json;
  try {
    json = readCases(path);
  } catch (error) {
    if (!options.except.has(file))
      report({
        state: "fail",
        line: `FAIL ${relative(process.cwd(), path)} 0/0 cases first: file json got ${show(error.message)} want cases`,
      });
    continue;
  }
  const name = typeof json?.name === "string" ? json.name : file;
  if ([name, file, `${basename(dirname(path))}/${file}`].some((one) => options.except.has(one))) continue;
  report(await runFile(path, name, json, handlers, options));
}
console.log(`${totals.pass} passed, ${totals.fail} failed, ${totals.skip} skipped`);
process.exitCode = totals.fail > 0 || totals.pass + totals.fail === 0 ? 1 : 0;
