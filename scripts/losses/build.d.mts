/** The interactive page as one HTML text that works without a server. */
export function lossesPage(): Promise<string>;
/** docs/losses.md with its reference part made anew. */
export function lossesMarkdown(now: string): string;
