/**
 * Probability that two documents of similarity `s` become candidates: 1 - (1 - s^rows)^bands (Leskovec, Rajaraman,
 * Ullman, ch. 3.4).
 */
export const candidateProbability = (s: number, bands: number, rows: number): number => 1 - (1 - s ** rows) ** bands;

/** Similarity at which the curve is steepest, about: (1 / bands)^(1 / rows). */
export const curveThreshold = (bands: number, rows: number): number => (1 / bands) ** (1 / rows);

const STEPS = 200;

/**
 * Bands and rows out of at most `permutations` values with the least area of candidates below `threshold` plus misses
 * above it, equally weighted; the fewest values where several are equal.
 */
export function bandsFor(threshold: number, permutations: number): { readonly bands: number; readonly rows: number } {
  let best = { bands: 1, rows: 1, cost: Number.POSITIVE_INFINITY };
  for (let bands = 1; bands <= permutations; bands++) {
    for (let rows = 1; bands * rows <= permutations; rows++) {
      let cost = 0;
      for (let i = 0; i < STEPS; i++) {
        const s = (i + 0.5) / STEPS;
        const p = candidateProbability(s, bands, rows);
        cost += s < threshold ? p : 1 - p;
      }
      if (cost < best.cost - 1e-9) best = { bands, rows, cost };
    }
  }
  return { bands: best.bands, rows: best.rows };
}

/** The curve in one line: `J 0.5: 5 %, 0.6: 21 %, ...`. */
export function curveText(bands: number, rows: number): string {
  const at = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].map((s) => {
    const percent = 100 * candidateProbability(s, bands, rows);
    return `${s}: ${percent >= 99.95 ? '100' : percent.toFixed(percent < 10 ? 1 : 0)} %`;
  });
  return `${bands} bands of ${rows} rows, candidates by similarity ${at.join(', ')}`;
}
