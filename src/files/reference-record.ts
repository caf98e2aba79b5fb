/**
 * True for the record that `sluice train-reference` keeps of a model (`sluice.json` in its folder), and for what a
 * recipe's `reference()` returns: both say so in `kind`, as they have since their first version.
 */
export function isReference(value: unknown): boolean {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  return kind === 'reference';
}
