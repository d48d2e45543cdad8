import { inputError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import { bodyOf } from "../data/items.js";

/** Letters, digits and marks together; any other character that is neither blank nor control by itself (DPR's `SimpleTokenizer`). */
const token = /[\p{L}\p{N}\p{M}]+|[^\p{Z}\p{C}]/gu;

/** The tokens of a text after NFD and lower-casing, each between line ends: one text's tokens follow each other in another exactly where it is a part of it. */
export function answerTokens(text: string): string {
  return `\n${(text.normalize("NFD").toLowerCase().match(token) ?? []).join("\n")}\n`;
}

/** Whether a text holds one of the answers as consecutive tokens; an answer without tokens is held by none. */
export function hasAnswer(text: string, answers: readonly string[]): boolean {
  const tokens = answerTokens(text);
  return answers.some((answer) => holds(tokens, answerTokens(answer)));
}

function holds(tokens: string, answer: string): boolean {
  return answer.trim() !== "" && tokens.includes(answer);
}

/**
 * Tells whether a document's text, without its title, holds an answer of a query: DPR's measure of retrieval (V. Karpukhin et al. 2020, "top-k accuracy"). Throws `no-answers` for a query
 * without answers.
 */
export function answerFinder(data: RetrievalData): (query: string, document: string) => boolean {
  const answers = new Map<string, readonly string[]>();
  const documents = new Map<string, string>();
  const answersOf = (query: string): readonly string[] => {
    const held = answers.get(query);
    if (held !== undefined) return held;
    const own = data.answers?.get(query);
    if (own === undefined)
      throw inputError("no-answers", "answer-recall needs answers of every query", {
        file: data.source,
        field: "answers",
        found: `none for query ${JSON.stringify(query)}`,
        expected: "a column answers, or DPR's JSON",
      });
    const tokens = own.map(answerTokens);
    answers.set(query, tokens);
    return tokens;
  };
  return (query, document) => {
    const own = answersOf(query);
    const item = data.documents.get(document);
    if (item === undefined) return false;
    const text = documents.get(document) ?? answerTokens(bodyOf(item));
    documents.set(document, text);
    return own.some((answer) => holds(text, answer));
  };
}
