import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";

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
  writeTrainers(write);
  writeCollections(write);
  writeLabelled(write);
  writeGraphs(write);
  write("endpoint.mjs", endpoint);
  write("texts.txt", `${rows.map(({ positive }) => positive).join("\n")}\n`);
  write(
    "broken.jsonl",
    '{"query": "how do I clean a violin?", "positive": "With a dry cloth."}\n{"query": "and a lamp?"}\n',
  );
}

/** An endpoint for embeddings that ends by itself after a minute without a request: vectors of letter counts, a token a word. */
const endpoint = `
import { createServer } from "node:http";
const letters = "abcdefghijklmnopqrstuvwxyz";
const server = createServer(async (request, response) => {
  idle.refresh();
  const parts = [];
  for await (const part of request) parts.push(part);
  const { input } = JSON.parse(Buffer.concat(parts));
  const data = input.map((text, index) => ({ index, embedding: [...letters].map((letter) => text.split(letter).length) }));
  response.end(JSON.stringify({ data, usage: { total_tokens: input.flatMap((text) => text.split(" ")).length } }));
});
const idle = setTimeout(() => process.exit(), 60_000);
server.listen(Number(process.argv[2]), "127.0.0.1");
`;

type Write = (name: string, content: string | Uint8Array) => void;

/** The forms of other trainers. */
function writeTrainers(write: Write): void {
  const strings = (name: string, data: readonly string[]) => ({ name, data: [...data], type: "STRING" as const });
  const columns = [
    strings(
      "query",
      rows.map(({ query }) => query),
    ),
    strings(
      "positive",
      rows.map(({ positive }) => positive),
    ),
  ];
  write("pairs.parquet", Buffer.from(parquetWriteBuffer({ columnData: columns })));
  const passage = (i: number, id: string) => ({ [id]: `p${i}`, title: "", text: rows[i]?.positive });
  const other = (i: number) => (i + 7) % rows.length;
  const dpr = rows.map(({ query, thing }, i) => ({
    question: query,
    answers: [`a ${thing}`],
    positive_ctxs: [passage(i, "passage_id")],
    negative_ctxs: [],
    hard_negative_ctxs: [passage(other(i), "passage_id")],
  }));
  write("dpr.json", JSON.stringify(dpr, null, 4));
  const tevatron = rows.map(({ query }, i) => ({
    query_id: `q${i}`,
    query,
    positive_passages: [passage(i, "docid")],
    negative_passages: [passage(other(i), "docid")],
  }));
  write("tevatron.jsonl", jsonl(tevatron));
  write(
    "flag.jsonl",
    jsonl(rows.map((row, i) => ({ query: row.query, pos: [row.positive], neg: [neighbour(i).positive] }))),
  );
}

/** A TREC collection, and one as MS MARCO has it. */
function writeCollections(write: Write): void {
  const documents = rows.map(
    ({ positive }, i) => `<DOC>\n<DOCNO> D-${i} </DOCNO>\n<TEXT>\n${positive}\n</TEXT>\n</DOC>\n`,
  );
  write("trec/documents.sgml", documents.join(""));
  const topics = rows.map(
    ({ query }, i) => `<top>\n<num> Number: ${i + 1}\n<title> ${query}\n<desc> Description:\nWhom to ask.\n</top>\n`,
  );
  write("trec/topics.txt", topics.join("\n"));
  write("trec/qrels.txt", rows.map((_, i) => `${i + 1} 0 D-${i} 1\n`).join(""));
  const table = (part: "train" | "dev", line: (row: (typeof rows)[number], i: number) => string): string =>
    rows.map((row, i) => ((row.split === "dev") === (part === "dev") ? line(row, i) : "")).join("");
  write("msmarco/collection.tsv", rows.map(({ positive }, i) => `${i}\t${positive}\n`).join(""));
  for (const part of ["train", "dev"] as const) {
    write(
      `msmarco/queries.${part}.tsv`,
      table(part, ({ query }, i) => `${100 + i}\t${query}\n`),
    );
    write(
      `msmarco/qrels.${part}.tsv`,
      table(part, (_, i) => `${100 + i}\t0\t${i}\t1\n`),
    );
  }
  write(
    "msmarco/qidpidtriples.train.tsv",
    table("train", (_, i) => `${100 + i}\t${i}\t${(i + 7) % rows.length}\n`),
  );
}

/** Texts, pictures and vectors with labels, and pairs with scores. */
function writeLabelled(write: Write): void {
  for (const split of ["train", "test"]) {
    const own = rows.filter((row) => (row.split === "test") === (split === "test"));
    write(`intents/${split}.csv`, `text,label\n${own.map(({ query, deed }) => `${query},${deed}\n`).join("")}`);
  }
  write("tags.jsonl", jsonl(rows.map(({ query, deed, thing }) => ({ text: query, label: { [deed]: 1, [thing]: 2 } }))));
  for (const split of ["train", "dev", "test"]) {
    const own = rows.filter((row) => row.split === split);
    const lines = own.map(({ query }, i) => `${query}\t${own[0]?.query}\t${i === 0 ? 5 : i % 5}\n`);
    write(`similar/${split}.tsv`, `sentence1\tsentence2\tscore\n${lines.join("")}`);
  }
  const idx = (shape: readonly number[], values: Uint8Array) =>
    Buffer.concat([
      Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255])]),
      values,
    ]);
  for (const [name, count] of [
    ["train", 40],
    ["t10k", 10],
  ] as const) {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 4);
    const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => (((i >> 6) % 4) * 60 + ((i * 7) % 40)) & 255);
    write(`digits/${name}-images-idx3-ubyte.gz`, gzipSync(idx([count, 8, 8], pixels)));
    write(`digits/${name}-labels-idx1-ubyte.gz`, gzipSync(idx([count], labels)));
  }
  for (const [label, shade] of [
    ["dark", 40],
    ["bright", 220],
  ] as const) {
    for (let i = 0; i < 12; i++) write(`photos/${label}/${i}.png`, greyPng(8, shade + 2 * i));
  }
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (24, 4), }".padEnd(117);
  const numbers = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i) + Math.floor(i / 48));
  write(
    "songs.npy",
    Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, "latin1"), Buffer.from(numbers.buffer)]),
  );
  write("songs.labels.txt", "a\n".repeat(12) + "b\n".repeat(12));
}

/** A square grey picture of one shade. */
function greyPng(side: number, shade: number): Buffer {
  const chunk = (name: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const size = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0]);
  const lines = Buffer.concat(Array.from({ length: side }, () => Buffer.from([0, ...Array(side).fill(shade)])));
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    magic,
    chunk("IHDR", size),
    chunk("IDAT", deflateSync(lines)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** What users did, and a graph. */
function writeGraphs(write: Write): void {
  const ratings = things.flatMap((_, user) =>
    deeds.map((_, i) => `${user},${(user + i) % 8},${1 + (i % 5)},${1_000 + i}\n`),
  );
  write("films/ratings.csv", `userId,movieId,rating,timestamp\n${ratings.join("")}`);
  write(
    "films/movies.csv",
    `movieId,title,genres\n${things.map((thing, i) => `${i},The ${thing},Drama|Crime\n`).join("")}`,
  );
  for (const split of ["train", "test"]) {
    write(
      `lightgcn/${split}.txt`,
      things.map((_, user) => `${user} ${user} ${split === "train" ? user + 1 : user + 2}\n`).join(""),
    );
  }
  const triples = things.flatMap((thing, i) =>
    deeds.map((deed) => `${thing}\t${deed}_before\t${things[(i + 1) % 8]}\n`),
  );
  write("graph/train.tsv", triples.slice(0, 30).join(""));
  write("graph/valid.tsv", triples.slice(30, 35).join(""));
  write("graph/test.tsv", triples.slice(35).join(""));
  write("graph/entities.tsv", things.map((thing) => `${thing}\tan old ${thing}\n`).join(""));
}
