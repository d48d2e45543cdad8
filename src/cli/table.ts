/** A column of a table for the terminal. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Rows in aligned columns under their titles, two blanks apart; no trailing white space. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(...[title, ...rows.map((row) => row[i] ?? "")].map(width)));
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? "";
        const gap = " ".repeat((widths[i] ?? 0) - width(cell));
        return align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), line(widths.map((n) => "─".repeat(n))), ...rows.map(line)].join(
    "\n",
  );
}

/** Terminal cells: East Asian wide characters take two. */
function width(text: string): number {
  let cells = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    cells += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
      character,
    )
      ? 2
      : 1;
  }
  return cells;
}
