import { createHash } from "node:crypto";
import { compareCodePoints } from "../base/text.js";

const shares = { test: 0.15, dev: 0.1 } as const;
/** A part greater than this share of all stays in train: held out, it would be most of its split. */
const greatestPart = 0.05;

/**
 * A split for each request, from the groups its answers stand in: groups that share a request stay together, and such parts are held
 * out whole, in the order of a hash of their names, until test and then dev have their shares.
 */
export function splitGroups(groupsOf: readonly (readonly string[])[]): ("train" | "dev" | "test")[] {
  const parent = new Map<string, string>();
  const rootOf = (group: string): string => {
    let at = group;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up;
    return at;
  };
  for (const groups of groupsOf) {
    for (const group of groups) {
      // The smaller name becomes the root, so that the order of the requests does not matter.
      const [low, high] = [rootOf(groups[0]!), rootOf(group)].sort(compareCodePoints);
      parent.set(high!, low!);
      parent.set(low!, low!);
    }
  }
  const sizes = new Map<string, number>();
  for (const groups of groupsOf) {
    const root = rootOf(groups[0]!);
    sizes.set(root, (sizes.get(root) ?? 0) + 1);
  }
  const parts = [...sizes].map(([root, size]) => ({
    root,
    size,
    hash: createHash("sha256").update(root).digest("hex"),
  }));
  parts.sort((a, b) => compareCodePoints(a.hash, b.hash));
  const splits = new Map<string, "dev" | "test">();
  const room = { test: shares.test * groupsOf.length, dev: shares.dev * groupsOf.length };
  for (const { root, size } of parts) {
    if (size > greatestPart * groupsOf.length) continue;
    const split = room.test > 0 ? "test" : room.dev > 0 ? "dev" : null;
    if (split === null) break;
    splits.set(root, split);
    room[split] -= size;
  }
  return groupsOf.map((groups) => splits.get(rootOf(groups[0]!)) ?? "train");
}
