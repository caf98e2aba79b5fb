/** Solves `matrix * x = right` for a symmetric matrix above 0 (Cholesky). Where a pivot is not above 0, x is 0. */
export function solved(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const lower = matrix.map((row) => row.map(() => 0));
  const largest = Math.max(...matrix.map((row, i) => Math.abs(row[i])), 0);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
      if (i === j) lower[i][i] = sum > 1e-14 * largest ? Math.sqrt(sum) : 0;
      else lower[i][j] = lower[j][j] > 0 ? sum / lower[j][j] : 0;
    }
  const x = [...right];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
    x[i] = lower[i][i] > 0 ? x[i] / lower[i][i] : 0;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= lower[k][i] * x[k];
    x[i] = lower[i][i] > 0 ? x[i] / lower[i][i] : 0;
  }
  return x;
}
