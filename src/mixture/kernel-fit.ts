import { solved } from './least-squares.ts';

type Row = readonly number[];

/** Part of the linear kernel, which carries the fit on where trials end. */
const LINEAR = 0.01;

/** exp(-distance^2 / (2 length^2)) + 0.01 * dot product, of two rows. */
function kernelOf(length: number): (a: Row, b: Row) => number {
  const scale = -1 / (2 * length * length);
  return (a, b) => {
    let [distance, dot] = [0, 0];
    for (let j = 0; j < a.length; j++) {
      distance += (a[j] - b[j]) * (a[j] - b[j]);
      dot += a[j] * b[j];
    }
    return Math.exp(distance * scale) + LINEAR * dot;
  };
}

/**
 * Kernel ridge regression (the mean of a Gaussian process) on rows of mean 0 and spread 1: smooth, and no shape is
 * given. Takes time that grows with the cube of the number of rows.
 */
export function kernelFit(rows: readonly Row[], losses: readonly number[], length: number, ridge: number) {
  const kernel = kernelOf(length);
  const level = losses.reduce((a, b) => a + b, 0) / losses.length;
  const matrix = rows.map((a, i) => rows.map((b, j) => kernel(a, b) + (i === j ? ridge : 0)));
  const parts = solved(
    matrix,
    losses.map((loss) => loss - level),
  );
  return (row: Row): number => rows.reduce((sum, other, i) => sum + parts[i] * kernel(row, other), level);
}
