import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a hub of one model serves, and how it misbehaves. */
export interface FakeHub {
  readonly endpoint: string;
  /** Requests for file contents: path and Range header. */
  readonly fetched: { readonly path: string; readonly range: string | undefined }[];
  close(): Promise<void>;
}

export interface FakeHubOptions {
  readonly repository: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths kept as large files, with a sha256. */
  readonly large: readonly string[];
  readonly token?: string;
  /** Path → how many of its bytes are sent before the connection breaks, once. */
  readonly breaks?: Map<string, number>;
  /** Paths whose content arrives damaged. */
  readonly damaged?: ReadonlySet<string>;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A local server that answers as the Hub does: the model's record, the tree of a revision, files with ranges. */
export async function fakeHub({ repository, files, large, token, breaks, damaged }: FakeHubOptions): Promise<FakeHub> {
  const fetched: { path: string; range: string | undefined }[] = [];
  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "", "http://hub").pathname);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return json(response, 401, { error: "log in" });
    const revisions = ["main", COMMIT];
    if (
      revisions.some((revision) => path === `/api/models/${repository}/revision/${revision}`) ||
      path === `/api/models/${repository}`
    )
      return json(response, 200, {
        _id: "1",
        id: repository,
        sha: COMMIT,
        private: false,
        likes: 0,
        downloads: 0,
        gated: false,
        lastModified: "2026-01-01T00:00:00.000Z",
      });
    if (path.startsWith(`/api/models/${repository}/tree/${COMMIT}`)) {
      const entries = [...files].map(([name, bytes]) => {
        const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
        const lfs = { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 130 };
        return { type: "file", path: name, size: bytes.length, oid, ...(large.includes(name) ? { lfs } : {}) };
      });
      return json(response, 200, entries);
    }
    const name = path.replace(`/${repository}/resolve/${COMMIT}/`, "");
    const whole = files.get(name);
    if (whole === undefined) return json(response, 404, { error: "Entry not found" });
    const bytes = damaged?.has(name) === true ? Uint8Array.from(whole, (byte) => byte ^ 1) : whole;
    const range = request.headers.range;
    fetched.push({ path: name, range });
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const end = to === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
    const part = bytes.subarray(Number(from), end);
    response.writeHead(range === undefined ? 200 : 206, {
      "content-length": part.length,
      "accept-ranges": "bytes",
      etag: '"1"',
      "content-range": `bytes ${from}-${end - 1}/${bytes.length}`,
    });
    const broken = part.length > 1 ? breaks?.get(name) : undefined;
    if (broken === undefined || request.method === "HEAD") return response.end(part);
    breaks?.delete(name);
    return response.write(part.subarray(0, broken), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetched,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
