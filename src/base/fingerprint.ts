import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** `sha256:` and 64 hexadecimal digits of the bytes, strings (UTF-8) or plain values (canonical JSON), in order. */
export function fingerprint(...parts: readonly unknown[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes =
      part instanceof Uint8Array ? part : Buffer.from(typeof part === "string" ? part : canonicalJson(part), "utf8");
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** The fingerprint of a file's bytes, read as a stream. */
export async function fileFingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) =>
    held !== null && typeof held === "object" && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : held,
  );
}
