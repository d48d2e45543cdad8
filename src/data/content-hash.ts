import { createHash } from "node:crypto";

/** Hashes contents in their order; equal contents from other places have equal hashes. */
export interface ContentHash {
  add(...parts: readonly unknown[]): void;
  bytes(part: Uint8Array): void;
  /** `sha256:` and 64 hexadecimal digits. */
  digest(): string;
}

export function contentHash(): ContentHash {
  const hash = createHash("sha256");
  return {
    add: (...parts) => void hash.update(`${JSON.stringify(parts)}\n`),
    bytes: (part) => void hash.update(`${part.length}:`).update(part),
    digest: () => `sha256:${hash.digest("hex")}`,
  };
}
