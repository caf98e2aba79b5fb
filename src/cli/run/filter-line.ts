import type { RunEvent } from '../../run/events.ts';
import { safeText } from '../../safe-text.ts';
import { count, plural } from '../terminal/format.ts';

type Filter = Extract<RunEvent, { type: 'filter' }>;

/** With how many processes an external filter starts; at the end, what they have done. */
export function filterLine({ step, ended, status: s }: Filter): string {
  if (!ended) return safeText(`${step}: ${s.command}, in up to ${plural(s.processes, 'process', 'processes')}`);
  const some = (n: number, words: string): string[] => (n > 0 ? [`${count(n)} ${words}`] : []);
  const parts = [
    `${count(s.documents)} documents in ${plural(s.batches, 'request')}`,
    `${s.seconds.toFixed(1)} s of processes at work`,
    ...some(s.failed, 'requests without an answer'),
    ...some(s.restarts, 'restarts'),
  ];
  return safeText(`${step}: ${parts.join(', ')}`);
}
