/**
 * How alike two models rank the documents that both have scored: Spearman's rank correlation of every column of bits
 * per byte of the first run with `ppl_bits_per_byte` of the second, with 95 % of 1,000 bootstrap samples.
 *
 *   npx tsx scripts/score/agreement.ts RUN OTHER-RUN
 */
import { openRunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { seededRandom } from '../../src/random.ts';

const COLUMNS = ['ppl_bits_per_byte', 'ppl_cached_bits_per_byte', 'ppl_bits_per_byte_max'];
const SAMPLES = 1000;

type Row = Record<string, number | string | null>;

async function rowsById(path: string): Promise<Map<string, Row>> {
  const db = await openRunDatabase(await openRunFolder(path));
  try {
    const sql = `SELECT id, domain, ${COLUMNS.join(', ')} FROM ledger WHERE ppl_bits_per_byte IS NOT NULL`;
    return new Map(((await rowsOf(db, sql)) as Row[]).map((row) => [String(row.id), row]));
  } finally {
    await db.close();
  }
}

/** Mean ranks where values are equal. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const out = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let k = from; k < to; k++) out[order[k]] = (from + to - 1) / 2;
    from = to;
  }
  return out;
}

function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [dx, dy] = [x[i] - middle, y[i] - middle];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

const [first, second] = process.argv.slice(2);
if (first === undefined || second === undefined)
  throw new Error('give two run directories with columns of perplexity()');
const [ours, theirs] = [await rowsById(first), await rowsById(second)];
const both = [...ours.keys()].filter((id) => theirs.has(id));
const random = seededRandom(1, 'agreement');
const domains = [...new Set(both.map((id) => String(ours.get(id)!.domain)))].sort();
for (const domain of ['all', ...domains]) {
  const ids = both.filter((id) => domain === 'all' || ours.get(id)!.domain === domain);
  if (ids.length < 10) continue;
  const judge = ids.map((id) => Number(theirs.get(id)!.ppl_bits_per_byte));
  for (const column of COLUMNS) {
    const values = ids.map((id) => Number(ours.get(id)![column]));
    const samples = Array.from({ length: SAMPLES }, () => {
      const drawn = ids.map(() => random.below(ids.length));
      return spearman(
        drawn.map((i) => values[i]),
        drawn.map((i) => judge[i]),
      );
    }).sort((a, b) => a - b);
    const [low, high] = [samples[Math.floor(0.025 * SAMPLES)], samples[Math.floor(0.975 * SAMPLES)]];
    const shown = [spearman(values, judge), low, high].map((v) => v.toFixed(3));
    console.log(
      `${domain.padEnd(14)} ${String(ids.length).padStart(5)} documents  ${column.padEnd(26)} ${shown[0]}`.concat(
        ` (${shown[1]} to ${shown[2]})`,
      ),
    );
  }
}
