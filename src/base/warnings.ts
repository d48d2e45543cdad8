/** A warning as `--json` prints it: equal codes are one warning with a count and the first message. */
export interface CountedWarning {
  readonly code: string;
  readonly message: string;
  readonly count: number;
}

/** Collects warnings of one piece of work. */
export interface Warnings {
  add(code: string, message: string, count?: number): void;
  list(): readonly CountedWarning[];
}

/** An empty collector; `onFirst` hears of each code once, when it first occurs. */
export function collectWarnings(onFirst?: (warning: CountedWarning) => void): Warnings {
  const found = new Map<string, CountedWarning>();
  return {
    add(code, message, count = 1) {
      const before = found.get(code);
      const next = { code, message: before?.message ?? message, count: (before?.count ?? 0) + count };
      found.set(code, next);
      if (before === undefined) onFirst?.(next);
    },
    list: () => [...found.values()],
  };
}
