import { createdIn, lostDocuments } from '../streams/commits/counters.ts';
import type { CommitStore } from '../streams/commits/store.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

/** One row per commit, in the order they came. */
export function commitsTable(commits: CommitStore, within: string): string {
  const counters = new Map<object, readonly number[]>();
  for (const [c, n] of commits.countersOf(commits.all))
    counters.set(c, [
      n.read.documents,
      createdIn(n).documents,
      n.kept.documents,
      n.dropped.documents,
      lostDocuments(n),
    ]);
  const rows = commits.all.map((c, i) => {
    const numbers = [i, c.split, c.files.length, c.files.reduce((b, f) => b + f.bytes, 0)];
    const counts = counters.get(c) ?? Array(5).fill('NULL');
    const paths = `[${c.files.map((f) => text(f.path)).join(', ')}]`;
    return `(${[numbers[0], text(c.phase), ...numbers.slice(1), ...counts, text(c.at), paths].join(', ')})`;
  });
  const columns = 'number, phase, split, files, bytes, read, created, kept, dropped, quarantined, "at", paths';
  const types =
    'number::INTEGER AS number, phase::VARCHAR AS phase, split::INTEGER AS split, files::INTEGER AS ' +
    'files, bytes::BIGINT AS bytes, read::BIGINT AS read, created::BIGINT AS created, kept::BIGINT AS kept, ' +
    'dropped::BIGINT AS dropped, quarantined::BIGINT AS quarantined, ' +
    '"at"::TIMESTAMPTZ AS "at", paths::VARCHAR[] AS paths';
  const none = '(0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL)';
  const values = `SELECT ${types} FROM (VALUES ${rows.length > 0 ? rows.join(', ') : none}) AS t(${columns})`;
  return `CREATE TABLE ${within}commits AS ${values}${rows.length > 0 ? '' : ' WHERE false'}`;
}
