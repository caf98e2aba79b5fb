/** Of one class: documents that should stay and that should go, and how many of each a filter gets wrong. */
export interface ClassErrors {
  /** Documents that should stay, and those of them that are dropped. */
  readonly good: number;
  readonly goodDropped: number;
  /** Documents that should go, and those of them that are kept. */
  readonly bad: number;
  readonly badKept: number;
}

export interface BiasShift {
  /** Combined error variance: how differently the errors of the classes change. */
  readonly cev: number;
  /** Symmetric distance error: how far the change leans to one kind of error. */
  readonly sde: number;
  /** Relative change of the two error rates of each class. */
  readonly classes: readonly { readonly falsePositives: number; readonly falseNegatives: number }[];
  /** Some rate of the reference was 0, so every count got half a document more. */
  readonly smoothed: boolean;
}

/**
 * CEV and SDE of a filter against a reference (Blakeney et al., "Measure Twice, Cut Once", 2022, with the definitions
 * of "Simon Says"): with dP and dN the relative changes of the false positive rate (good documents dropped) and the
 * false negative rate (bad ones kept) of a class, CEV = mean((dP - mean dP)^2 + (dN - mean dN)^2) and
 * SDE = mean |dP - dN|. Shares, not per cent, and without the factors 1/2 and 1/sqrt(2) of the authors' notebook:
 * `variant: 'notebook'` has those (per cent, CEV / 2, SDE / sqrt 2).
 */
export function biasShift(
  reference: readonly ClassErrors[],
  filter: readonly ClassErrors[],
  variant: 'formula' | 'notebook' = 'formula',
): BiasShift {
  const smoothed = [...reference, ...filter].some(
    (c, i) => c.good === 0 || c.bad === 0 || (i < reference.length && (c.goodDropped === 0 || c.badKept === 0)),
  );
  const more = smoothed ? 0.5 : 0;
  const rates = (c: ClassErrors): [number, number] => [
    (c.goodDropped + more) / (c.good + 2 * more),
    (c.badKept + more) / (c.bad + 2 * more),
  ];
  const scale = variant === 'notebook' ? 100 : 1;
  const classes = reference.map((a, i) => {
    const [[pa, na], [pb, nb]] = [rates(a), rates(filter[i])];
    return { falsePositives: (scale * (pb - pa)) / pa, falseNegatives: (scale * (nb - na)) / na };
  });
  const mean = (of: (c: (typeof classes)[number]) => number): number =>
    classes.reduce((sum, c) => sum + of(c), 0) / classes.length;
  const [p, n] = [mean((c) => c.falsePositives), mean((c) => c.falseNegatives)];
  const cev = mean((c) => (c.falsePositives - p) ** 2 + (c.falseNegatives - n) ** 2);
  const sde = mean((c) => Math.abs(c.falsePositives - c.falseNegatives));
  return variant === 'notebook'
    ? { cev: cev / 2, sde: sde / Math.SQRT2, classes, smoothed }
    : { cev, sde, classes, smoothed };
}
