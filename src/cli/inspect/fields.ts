import type { FieldSeen } from '../../streams/formats/format.ts';

/** The field that most likely holds the text: strings in most records, the longest on average. */
export function likelyTextField(fields: readonly FieldSeen[]): string | null {
  const strings = fields.filter((f) => f.meanLength > 20 && (f.share === null || f.share > 0.5));
  return strings.sort((a, b) => b.meanLength - a.meanLength)[0]?.name ?? null;
}
