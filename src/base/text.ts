import { createHash } from "node:crypto";
import { sep } from "node:path";

/** Two texts are equal when they are equal after NFC, collapsing white space to one blank, and trimming. */
export function canonicalText(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** The id of a text without one: `sha256:` and 16 hexadecimal digits of the hash of its canonical form. */
export function textId(text: string): string {
  return `sha256:${createHash("sha256").update(canonicalText(text), "utf8").digest("hex").slice(0, 16)}`;
}

/** Orders strings by code point (not by UTF-16 unit, not by locale). */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every unit of the basic plane.
    const highX = x >= 0xd800 && x <= 0xdfff;
    const highY = y >= 0xd800 && y <= 0xdfff;
    return highX === highY ? x - y : highX ? 1 : -1;
  }
  return a.length - b.length;
}

/** Orders paths alike on every system: by code point, with `/` between their parts. */
export function comparePaths(a: string, b: string): number {
  return compareCodePoints(a.replaceAll(sep, "/"), b.replaceAll(sep, "/"));
}
