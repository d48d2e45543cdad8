import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const things = ["lamp", "river", "bridge", "violin", "harbour", "garden", "engine", "window"];
const deeds = ["repair", "paint", "measure", "clean", "sell"];

const rows = things.flatMap((thing, i) =>
  deeds.map((deed, j) => ({
    thing,
    deed,
    query: `how would you ${deed} an old ${thing}`,
    positive: `advice about a ${thing}: to ${deed} it, ask somebody who knows the trade`,
    split: (i + j) % 4 === 0 ? "test" : (i + j) % 4 === 1 ? "dev" : "train",
  })),
);

const jsonl = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const pair = ({ query, positive }: (typeof rows)[number]) => ({ query, positive });
const neighbour = (i: number) => rows[(i + 7) % rows.length] as (typeof rows)[number];

/** Writes what the pages speak of: small data in each format that nearmiss reads. */
export function writeData(folder: string): void {
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  write("pairs.jsonl", jsonl(rows.map(pair)));
  write("pairs.jsonl.gz", gzipSync(jsonl(rows.map(pair))));
  write("faq.csv", `frage,antwort\n${rows.map(({ query, positive }) => `"${query}","${positive}"\n`).join("")}`);
  write("triplets.jsonl", jsonl(rows.map((row, i) => ({ ...pair(row), negative: neighbour(i).positive }))));
  for (const split of ["train", "dev", "test"]) {
    write(`my-data/${split}.jsonl`, jsonl(rows.filter((row) => row.split === split).map(pair)));
  }
  write("beir/corpus.jsonl", jsonl(rows.map(({ positive }, i) => ({ _id: `d${i}`, title: "", text: positive }))));
  write("beir/queries.jsonl", jsonl(rows.map(({ query }, i) => ({ _id: `q${i}`, text: query }))));
  for (const split of ["train", "dev", "test"]) {
    const judged = rows.flatMap((row, i) => (row.split === split ? [`q${i}\td${i}\t1\n`] : []));
    write(`beir/qrels/${split}.tsv`, `query-id\tcorpus-id\tscore\n${judged.join("")}`);
  }
  for (const thing of things) {
    const sections = deeds.map((deed) => `## How to ${deed} a ${thing}\n\nAsk somebody who can ${deed} it.\n`);
    write(`handbook/${thing}.md`, `# The ${thing}\n\nAll about the ${thing}.\n\n${sections.join("\n")}`);
    const functions = deeds.map(
      (deed) =>
        `/** Asks somebody to ${deed} the old thing. */\nexport function ${deed}${thing}(count: number): number {\n  return count;\n}\n`,
    );
    write(`src/${thing}.ts`, functions.join("\n"));
  }
  write("texts.txt", `${rows.map(({ positive }) => positive).join("\n")}\n`);
  write(
    "broken.jsonl",
    '{"query": "how do I clean a violin?", "positive": "With a dry cloth."}\n{"query": "and a lamp?"}\n',
  );
}
