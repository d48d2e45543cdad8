// Compares nearmiss with model folders and their reference values, in float32:
//
//     npm run fixtures -- DIR [--strict] [--except NAME,…]
//
// DIR has `models/NAME/` and `references/NAME.json`, perhaps `bad/` with `expected.json`. One line a model,
// `PASS|FAIL|SKIP NAME ids n/n embeddings ERROR gradients ERROR parameters ERROR`, where ERROR is the largest deviation found; one line
// `PASS|FAIL bad/NAME` for each corrupt folder, given to `nearmiss embed`; then the totals.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runBad } from "./fixtures/bad.mjs";
import { checkModel } from "./fixtures/model.mjs";

const usage = "usage: npm run fixtures -- DIR [--strict] [--except NAME,…]";

function badUsage(message) {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}

function parseArguments(args) {
  const options = { root: undefined, strict: false, except: new Set() };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--strict") options.strict = true;
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

const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []);

const options = parseArguments(process.argv.slice(2));
const { root, strict, except } = options;
const totals = { pass: 0, fail: 0, skip: 0 };

function report({ state, name, note }) {
  const printed = state === "skip" && strict ? "fail" : state;
  totals[printed] += 1;
  console.log(`${printed.toUpperCase()} ${name}${note === "" ? "" : ` ${note}`}`);
}

for (const name of namesIn(join(root, "models"))) {
  if (except.has(name)) continue;
  const reference = join(root, "references", `${name}.json`);
  if (!existsSync(reference)) report({ state: "skip", name, note: "(no reference file)" });
  else report({ name, ...(await checkModel(join(root, "models", name), JSON.parse(readFileSync(reference, "utf8")))) });
}

const bad = join(root, "bad");
if (existsSync(join(bad, "expected.json"))) {
  const expected = JSON.parse(readFileSync(join(bad, "expected.json"), "utf8"));
  for (const result of runBad(bad, expected, except)) report(result);
}
console.log(`${totals.pass} passed, ${totals.fail} failed, ${totals.skip} skipped`);
process.exitCode = totals.fail > 0 || totals.pass + totals.fail === 0 ? 1 : 0;
