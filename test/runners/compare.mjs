// Comparison shared by the handlers of `golden.mjs`. A result is `{ ok, key, got, want }`; `key` names the place of the first difference.

export const pass = { ok: true };

export const differs = (key, got, want) => ({ ok: false, key, got, want });

/** `|got - want| <= tolerance * max(1, |want|)`; equal infinities are equal, NaN equals nothing. */
export function close(got, want, tolerance) {
  return got === want || Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want));
}

/**
 * Compares values of any depth: numbers by `isClose(got, want)`, everything else exactly. Typed arrays count as arrays. Of objects, the keys
 * of `want` count (without `note`).
 */
export function compare(got, want, isClose, key = "") {
  if (typeof want === "number" && typeof got === "number") return isClose(got, want) ? pass : differs(key, got, want);
  if (Array.isArray(want)) {
    const isList = Array.isArray(got) || ArrayBuffer.isView(got);
    if (!isList || got.length !== want.length) return differs(key, got, want);
    return firstDifference(
      want.map((_, i) => i),
      (i) => compare(got[i], want[i], isClose, `${key}[${i}]`),
    );
  }
  if (want !== null && typeof want === "object") {
    if (got === null || typeof got !== "object") return differs(key, got, want);
    const keys = Object.keys(want).filter((name) => name !== "note");
    return firstDifference(keys, (name) =>
      compare(got[name], want[name], isClose, key === "" ? name : `${key}.${name}`),
    );
  }
  return got === want ? pass : differs(key, got, want);
}

/** `compare` with the rule of the sampler files, where a case names its tolerance. */
export function compareCase(got, one) {
  const tolerance = one.tolerance ?? 0;
  return compare(got, one.expected, (a, b) => close(a, b, tolerance));
}

/**
 * `compare` with the rule of the loss files: `|got - want| <= rtol * |want| + atol * max(1, scale)`, where scale is the largest absolute
 * entry of the expected array (1 for a single number).
 */
export function compareArray(got, want, { rtol, atol }, key) {
  const entries = Array.isArray(want) ? want.flat(Number.POSITIVE_INFINITY) : [1];
  const scale = entries.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  return compare(got, want, (a, b) => a === b || Math.abs(a - b) <= rtol * Math.abs(b) + atol * scale, key);
}

/** The first result that is not ok, else `pass`. */
export function firstDifference(items, check) {
  for (const item of items) {
    const result = check(item);
    if (!result.ok) return result;
  }
  return pass;
}

/** A value on one short line. */
export function show(value) {
  const text = ArrayBuffer.isView(value) ? JSON.stringify([...value]) : (JSON.stringify(value) ?? String(value));
  const shown = typeof value === "number" ? String(value) : text;
  return shown.length > 120 ? `${shown.slice(0, 117)}…` : shown;
}
