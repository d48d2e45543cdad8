import type { z } from "zod";
import { inputError } from "./errors.js";

/** Options checked against their schema, defaults filled in. Throws `bad-option`: a misspelt name or value never passes for another. */
export function checkedOptions<S extends z.ZodObject>(of: string, schema: S, given: unknown = {}): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const field = unknown.length > 0 ? unknown.join(", ") : (issue?.path.join(".") ?? "");
  const value = issue?.path.reduce<unknown>((held, key) => (held as Record<PropertyKey, unknown> | null)?.[key], given);
  throw inputError("bad-option", `${of}: ${issue?.message ?? "the options are not valid"}`, {
    field,
    ...(unknown.length > 0
      ? { expected: Object.keys(schema.shape).join(", ") || "no options" }
      : { found: JSON.stringify(value) ?? "nothing" }),
  });
}
