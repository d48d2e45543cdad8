import { bm25 } from "#nearmiss/search/bm25.js";
import { lexicalTokens } from "#nearmiss/search/lexical-tokens.js";
import { compareCase } from "../compare.mjs";

// All documents of a file form one corpus; they stand in one of its cases.
export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "bm25",
    async runCase(one, json) {
      const texts = json.cases.map(({ inputs }) => inputs.documents).find(Array.isArray);
      const tokens = texts.map(lexicalTokens);
      if (one.inputs.query !== undefined) return compareCase(await queryValues(one, texts), one);
      if (one.expected.idf !== undefined) return compareCase(await frequencies(texts, tokens), one);
      const lengths = tokens.map((list) => list.length);
      const averageLength = Number((lengths.reduce((a, b) => a + b, 0) / texts.length).toPrecision(15));
      return compareCase({ tokens, lengths, averageLength, N: texts.length }, one);
    },
  },
];

const documentsOf = (texts) => texts.map((text, i) => ({ id: String(i).padStart(9, "0"), text }));

async function search(texts, query, options) {
  const [hits] = await bm25(documentsOf(texts), options).search([{ id: "query", text: query }], texts.length);
  const scores = texts.map(() => 0);
  hits.ids.forEach((id, i) => {
    scores[Number(id)] = hits.scores[i];
  });
  return { scores, order: hits.ids.map(Number) };
}

async function queryValues({ inputs, params }, texts) {
  const { k1, b } = params;
  const queryTokens = lexicalTokens(inputs.query);
  const classic = async (query, options) =>
    (await search(texts, query, options)).scores.map((score) => score * (options.k1 + 1));
  const { scores, order } = await search(texts, inputs.query, { k1, b });
  return {
    queryTokens,
    scoreWithK1Plus1: await classic(inputs.query, { k1, b }),
    scoreLucene: scores,
    scoreUniqueQueryTerms: await classic([...new Set(queryTokens)].join(" "), { k1, b }),
    rankingOfMatches: order,
    b0: await classic(inputs.query, { k1, b: 0 }),
    k1_0: await classic(inputs.query, { k1: 0, b }),
  };
}

/** With k1 = 0 a matching document's score is the idf alone. */
async function frequencies(texts, tokens) {
  const df = {};
  const idf = {};
  const retriever = bm25(documentsOf(texts), { k1: 0 });
  for (const token of new Set(tokens.flat())) {
    const [hits] = await retriever.search([{ id: "query", text: token }], texts.length);
    df[token] = hits.ids.length;
    idf[token] = hits.scores[0];
  }
  return { df, idf };
}
