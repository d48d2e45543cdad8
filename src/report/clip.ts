/** The first characters of a text on one line, with a sign where it was cut. */
export function clip(text: string, most: number): string {
  const characters = [...text.replace(/\s+/gu, " ").trim()];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}
