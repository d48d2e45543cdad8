import { homedir } from "node:os";
import { join } from "node:path";

/** `$NEARMISS_CACHE`, else the platform's folder for caches. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment["NEARMISS_CACHE"];
  if (own !== undefined && own !== "") return own;
  if (process.platform === "darwin") return join(homedir(), "Library/Caches/nearmiss");
  if (process.platform === "win32") {
    return join(environment["LOCALAPPDATA"] ?? join(homedir(), "AppData/Local"), "nearmiss/Cache");
  }
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "nearmiss");
}
