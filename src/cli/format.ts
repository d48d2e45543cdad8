/** `0.512`: three decimals, as figures of retrieval are printed; a dash for what is not a number. */
export function decimals(value: number, digits = 3): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

/** `0.512 [0.490, 0.534]`. */
export function interval(value: { readonly mean: number; readonly low: number; readonly high: number }): string {
  return `${decimals(value.mean)} [${decimals(value.low)}, ${decimals(value.high)}]`;
}

/** A p value: `< 0.001` below that, else three decimals. */
export function pValue(p: number): string {
  return p < 0.001 ? "< 0.001" : decimals(p);
}

/** Three significant digits, never in exponent form. */
export function formatNumber(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** `42 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** `512 MB`, `15.6 GB`: powers of 1024. */
export function formatBytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
