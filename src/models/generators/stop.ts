/** A text before the first of the texts that end it. */
export function cutAtStop(text: string, stop: readonly string[]): string {
  const places = stop.map((s) => text.indexOf(s)).filter((at) => at >= 0);
  return places.length === 0 ? text : text.slice(0, Math.min(...places));
}
