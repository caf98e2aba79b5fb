import { ConfigError } from '../../errors.ts';
import { isFleet } from '../../ledger/fleet-commits.ts';
import { committedTotals, type RunFolder } from '../../ledger/run-folder.ts';
import { shellWord } from '../../safe-text.ts';
import { cameIn, lostDocuments } from '../../streams/commits/counters.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { program } from '../program.ts';
import { count, plural } from '../terminal/format.ts';
import { warn } from '../terminal/terminal.ts';

interface SoFar {
  /** Documents without a row in the ledger, of those that were read. */
  readonly undecided: number;
  readonly documents: number;
  readonly text: string;
  readonly see: string;
}

/** What the tables of a run on many nodes have before it is finished; null of any other run. */
function soFar(folder: RunFolder): SoFar | null {
  if (folder.run.status === 'done' || !isFleet(folder.path)) return null;
  const totals = committedTotals(folder);
  const { documents } = totals.read;
  const { kept, dropped } = totals;
  const undecided = cameIn(totals).documents - kept.documents - dropped.documents - lostDocuments(totals);
  const decided = liveFiles(folder.commits.all, 'ledger').reduce((n, f) => n + f.rows, 0);
  const text =
    'this run on many nodes is not finished: ' +
    (documents === 0
      ? 'no split of it is committed yet'
      : `${count(decided)} of the ${plural(documents, 'document')} read so far ` +
        `${decided === 1 ? 'is' : 'are'} in the ledger. A shard writes those that it drops in every phase, and those ` +
        'that it keeps in the last');
  return { undecided, documents, text, see: `${program()} status ${shellWord(folder.given)}` };
}

/** Says of a run on many nodes that is not finished what its tables have. */
export function warnSoFar(folder: RunFolder): void {
  const found = soFar(folder);
  if (found !== null) warn(`${found.text}. See: ${found.see}`);
}

/**
 * As `warnSoFar`. Errors: ConfigError while documents that were read are not in the ledger: those that a run keeps come
 * last, so that every share would be wrong. @param what command that counts kept and dropped ones
 */
export function refuseUndecided(folder: RunFolder, what: string): void {
  const found = soFar(folder);
  if (found === null) return;
  if (found.documents > 0 && found.undecided === 0) {
    warnSoFar(folder);
    return;
  }
  throw new ConfigError({
    problem: found.text,
    expected: `documents that are all decided, for sluice ${what} to count kept and dropped ones`,
    got: `${count(found.undecided)} that are not`,
    where: `${program()} ${what} ${folder.given}`,
    fix: `Run its phases to the end: ${found.see} says which command is next.`,
  });
}

/** Errors: ConfigError for a run on many nodes that is not finished. @param what command that is about a whole run */
export function refuseUnfinishedFleet(folder: RunFolder, what: string): void {
  const found = soFar(folder);
  if (found === null) return;
  throw new ConfigError({
    problem: 'this run on many nodes is not finished',
    expected: `a finished run for sluice ${what}`,
    got: 'one that shards are still missing of, or that sluice finish has not ended',
    where: folder.given,
    fix: `${found.see} says what is left, and ${program()} finish ${shellWord(folder.given)} ends it.`,
  });
}
