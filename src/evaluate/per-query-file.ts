import { writeStreamAtomic } from "../base/files.js";
import type { Evaluation } from "./systems.js";

/**
 * Writes what each query contributed, a JSON object a line (gzipped where the path ends in `.gz`): `{query_id, systems: [{name, measures, differences?}]}`.
 * `differences`, of every system but the first, are the first system's values less its own.
 */
export async function writePerQuery(path: string, { result, queries, values }: Evaluation): Promise<void> {
  const names = [...(values[0]?.keys() ?? [])];
  const at = (system: number, measure: string, row: number): number => values[system]!.get(measure)![row]!;
  function* lines(): Generator<string> {
    for (const [row, query] of queries.entries()) {
      const systems = result.systems.map(({ name }, system) => ({
        name,
        measures: Object.fromEntries(names.map((measure) => [measure, at(system, measure, row)])),
        ...(system === 0
          ? {}
          : {
              differences: Object.fromEntries(
                names.map((measure) => [measure, at(0, measure, row) - at(system, measure, row)]),
              ),
            }),
      }));
      yield `${JSON.stringify({ query_id: query, systems })}\n`;
    }
  }
  await writeStreamAtomic(path, lines());
}
