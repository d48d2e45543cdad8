/** Strings are matched as wholes, so that digits inside them stay what they are. */
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * `JSON.parse`, except that a whole number too large for a double (beyond ±2⁵³) becomes the text of its digits: ids and labels of
 * 64 bits stay themselves. Throws as `JSON.parse` does.
 */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(token, (part) =>
      /^-?\d{16,}$/.test(part) && !Number.isSafeInteger(Number(part)) ? `"${part}"` : part,
    ),
  );
}
