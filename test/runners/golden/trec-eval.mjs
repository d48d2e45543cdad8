import { existsSync } from "node:fs";
import { join } from "node:path";
import { score } from "nearmiss";
import { close, compare, differs, pass } from "../compare.mjs";

// trec_eval's own flags in `options` of a case: -c, -J, -l N, -M N.
function optionsOf(flags) {
  const after = (flag) => (flags.includes(flag) ? Number(flags[flags.indexOf(flag) + 1]) : undefined);
  const known = flags.every((one, i) => ["-c", "-J", "-l", "-M"].includes(one) || ["-l", "-M"].includes(flags[i - 1]));
  return (
    known && {
      complete: flags.includes("-c"),
      judgedOnly: flags.includes("-J"),
      level: after("-l"),
      depth: after("-M"),
    }
  );
}

const plainOrGzipped = (folder, name) => [name, `${name}.gz`].map((one) => join(folder, one)).find(existsSync);

export const handlers = [
  {
    matches: ({ json }) =>
      Array.isArray(json.cases) && json.cases.every(({ expected, folder }) => folder && expected?.all),
    async runCase({ folder, options, expected }, { tolerance = 1e-9 }) {
      const flags = optionsOf(options);
      if (!flags) return "skip";
      const found = await score({
        qrels: plainOrGzipped(folder, "qrels.txt"),
        run: plainOrGzipped(folder, "run.txt"),
        measures: [...new Set([expected.all, ...Object.values(expected.per_query)].flatMap(Object.keys))],
        perQuery: true,
        ...flags,
      });
      const isClose = (a, b) => close(a, b, tolerance);
      const all = compare(found.all, expected.all, isClose, "all");
      if (!all.ok) return all;
      const queries = compare(Object.fromEntries(found.queries), expected.per_query, isClose, "per_query");
      if (!queries.ok) return queries;
      const extra = [...found.queries.keys()].find((query) => !(query in expected.per_query) && !flags.complete);
      return extra === undefined ? pass : differs("per_query", extra, "not measured");
    },
  },
];
