const wordOrHanRun = /[a-z0-9]+|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+/g;

/**
 * The terms of a text for BM25 and tf-idf: lower-cased runs of `[a-z0-9]`, and each run of Han characters as its overlapping
 * pairs (a lone character gives itself). Everything else separates. No stemming, no stop words.
 */
export function lexicalTokens(text: string): string[] {
  const tokens: string[] = [];
  for (const [run] of text.toLowerCase().matchAll(wordOrHanRun)) {
    if (run.charCodeAt(0) < 0x80 || run.length === 1) tokens.push(run);
    else for (let i = 0; i + 1 < run.length; i++) tokens.push(run.slice(i, i + 2));
  }
  return tokens;
}
