import { ConfigError } from '../../errors.ts';
import { isFleet } from '../../ledger/fleet-commits.ts';
import { committedTotals, type RunFolder } from '../../ledger/run-folder.ts';
import { shellWord } from '../../safe-text.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { program } from '../program.ts';
import { count, plural } from '../terminal/format.ts';
import { warn } from '../terminal/terminal.ts';

interface SoFar {
  readonly decided: number;
  readonly text: string;
  readonly see: string;
}

/** What the tables of a run on many nodes have before it is finished; null of any other run. */
function soFar(folder: RunFolder): SoFar | null {
  if (!isFleet(folder.path)) return null;
  const decided = liveFiles(folder.commits.all, 'ledger').reduce((n, f) => n + f.rows, 0);
  const { documents } = committedTotals(folder).read;
  const text =
    `this run on many nodes is not finished: ${count(decided)} of the ${plural(documents, 'document')} read so far ` +
    `${decided === 1 ? 'is' : 'are'} in the ledger. A shard writes those that it drops in every phase, and those ` +
    'that it keeps in the last';
  return { decided, text, see: `${program()} status ${shellWord(folder.given)}` };
}

/** Says of a run on many nodes that is not finished what its tables have. */
export function warnSoFar(folder: RunFolder): void {
  const found = soFar(folder);
  if (found !== null) warn(`${found.text}. See: ${found.see}`);
}

/** As `warnSoFar`. Errors: ConfigError where no document is in the ledger yet. @param what command that needs some */
export function refuseUndecided(folder: RunFolder, what: string): void {
  warnSoFar(folder);
  const found = soFar(folder);
  if (found === null || found.decided > 0) return;
  throw new ConfigError({
    problem: 'no document of this run is in the ledger yet',
    expected: 'documents in the ledger, whose rules can be judged again',
    got: 'none so far',
    where: `${program()} ${what} ${folder.given}`,
    fix: `Run its phases to the end: ${found.see} says which command is next.`,
  });
}
