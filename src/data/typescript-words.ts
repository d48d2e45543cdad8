/** Identifiers as words: split at case changes, underscores and dollar signs (`readFileSync` → `read File Sync`, `XMLHttp` → `XML Http`). */
export function splitIdentifiers(source: string): string {
  return source
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replace(/[_$]+/gu, " ")
    .replace(/ {2,}/gu, " ")
    .trim();
}

/** At most `limit` characters, cut at a blank where there is one in the last quarter. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const blank = text.lastIndexOf(" ", limit);
  return text.slice(0, blank > limit * 0.75 ? blank : limit).trimEnd();
}
