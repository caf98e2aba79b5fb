import type { BlindCounters } from '../streams/commits/blind.ts';
import { blindRows } from '../streams/commits/blind-rows.ts';
import { concatenation, type Joiner } from './shards.ts';

/** What the whole run knows of bytes of which their files say nothing. */
export interface BlindTotals {
  readonly totals: readonly BlindCounters[];
  /** Of the segments before those that are joined. */
  readonly before: readonly BlindCounters[];
}

const NEWLINE = 10;
const BLIND = Buffer.from('"lost_bytes":');

interface BlindLine {
  readonly reason: string;
  readonly lost_unit: BlindCounters['unit'];
  readonly lost_bytes: number | null;
}

/**
 * Joins segments of the quarantine; `rows` of records whose files say nothing of it becomes what the run has found, so
 * that sums over the files are the totals of the run.
 */
export function quarantineJoiner({ totals, before }: BlindTotals): Joiner {
  const rowsOf = blindRows(totals, before);
  const changed = (line: Buffer): Buffer => {
    if (!line.includes(BLIND)) return line;
    const text = line.toString('utf8');
    const { reason, lost_unit: unit, lost_bytes: bytes } = JSON.parse(text) as BlindLine;
    if (bytes === null || bytes === undefined) return line;
    // Inside of a value the quotes would have a backslash.
    return Buffer.from(text.replace(/"rows":\d+/, `"rows":${rowsOf({ unit, reason, bytes })}`));
  };
  return {
    ...concatenation,
    change: () => {
      let open = Buffer.alloc(0);
      return {
        push(piece) {
          const all = Buffer.concat([open, piece]);
          const lines: Buffer[] = [];
          let at = 0;
          for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, at)) {
            lines.push(changed(all.subarray(at, end)), Buffer.from('\n'));
            at = end + 1;
          }
          open = Buffer.from(all.subarray(at));
          return Buffer.concat(lines);
        },
        end: () => changed(open),
      };
    },
  };
}
