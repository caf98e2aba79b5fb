import { safeText } from '../../safe-text.ts';
import type { RankStatus } from '../../sinks/feed/metrics.ts';
import type { FeedFacts, FeedStatus } from '../../sinks/feed/source.ts';
import { count, percent, plural, rough, shownPath } from '../terminal/format.ts';
import { type Style, tableLines } from '../terminal/terminal.ts';

/** What a feed serves, before the first request. */
export function headLines(facts: FeedFacts, status: FeedStatus, style: Style): string[] {
  const { contextLength, sequencesPerStep, packing, vocabulary, scheduler, lag, needsLosses } = facts;
  const { planned, committed, done } = status.stores;
  const lines = [
    `${style.bold('Tokens')}     ${facts.stores.map(shownPath).join(', ')}: ${safeText(facts.tokenizer)}, ` +
      `${plural(vocabulary.size, 'id')}`,
    `${style.bold('Sequences')}  ${plural(contextLength, 'token')} each, ${packing}, ` +
      `${plural(sequencesPerStep, 'sequence')} a step (${count(contextLength * sequencesPerStep)} tokens)`,
    `${style.bold('Mixture')}    ${safeText(scheduler.name)}` +
      (needsLosses ? `; losses of step s act from step s + ${lag} on` : ''),
  ];
  if (!done) lines.push(style.yellow(`The run goes on: ${committed} of ${plural(planned, 'split')} committed so far.`));
  if (status.unused.length > 0)
    lines.push(style.yellow(`Not drawn, for want of a weight: ${status.unused.map(safeText).join(', ')}.`));
  return lines;
}

/** Drawn, planned and left of each domain, and who is slowest; a table at 80 columns. */
export function statusLines(
  facts: FeedFacts,
  status: FeedStatus,
  ranks: readonly RankStatus[],
  style: Style,
): string[] {
  const total = status.domains.reduce((n, d) => n + d.drawn, 0);
  const planned = facts.steps === null ? null : facts.steps * facts.sequencesPerStep;
  const rows = status.domains.map((d) => [
    safeText(d.domain),
    d.weight === null ? '-' : percent(d.weight, 1),
    count(d.drawn),
    total === 0 ? '-' : percent(d.drawn, total),
    d.sequences === null ? style.dim('growing') : count(d.sequences),
    d.epochs === null ? '-' : d.epochs.toFixed(2),
    d.sequences === null ? '-' : count(Math.max(0, d.sequences * Math.ceil(d.epochs || 1) - d.drawn)),
  ]);
  const right = 'right' as const;
  const table = tableLines(
    [
      { title: 'domain', max: 24 },
      { title: 'weight', align: right },
      { title: 'drawn', align: right },
      { title: 'share', align: right },
      { title: 'an epoch', align: right },
      { title: 'epochs', align: right },
      { title: 'left in it', align: right },
    ],
    rows,
  );
  const tokens = rough(status.step * facts.sequencesPerStep * facts.contextLength);
  const head =
    `${status.certain ? '' : 'at least '}step ${count(status.step)}` +
    `${facts.steps === null ? '' : ` of ${count(facts.steps)}`}, ≈ ${tokens} tokens` +
    (planned === null ? '' : `, ${count(Math.max(0, planned - total))} sequences left`);
  const ended = status.ended === null ? [] : [`  The feed has ended: ${safeText(status.ended)}.`];
  return [head, ...ended, ...table, ...rankLines(ranks), ...serverLines(status)];
}

/** The servers of a feed that has several, the one that writes first. */
function serverLines({ servers, writers = 0 }: FeedStatus): string[] {
  if (servers === undefined) return [];
  const rows = [...servers].sort((a, b) => Number(b.writes) - Number(a.writes) || b.step - a.step);
  const none = rows.some((s) => s.writes) ? '' : '; the one that wrote is gone, the next to get losses takes over';
  const number = writers > 1 ? `, writer number ${writers}` : '';
  return [
    `  ${plural(rows.length, 'server')}${number}${none}:`,
    ...rows.map(
      ({ url, writes, self, step, silent }) =>
        `    ${safeText(url ?? 'not listening yet')}${writes ? ', writes the log' : ''}${self ? ', this one' : ''}: ` +
        `step ${count(step)}, ` +
        (silent === null ? 'not seen since this server started' : `seen ${silent.toFixed(0)} s ago`),
    ),
  ];
}

function rankLines(ranks: readonly RankStatus[]): string[] {
  if (ranks.length === 0) return [];
  const [slowest] = ranks;
  const ahead = (ranks.at(-1)?.next ?? 0) - slowest.next;
  const of = `${plural(ranks.length, 'rank')} of ${slowest.world}`;
  const lag = ahead === 0 ? '' : `, ${plural(ahead, 'step')} behind the first`;
  return [
    `  ${of} asked; slowest: rank ${slowest.rank}, at step ${slowest.next}${lag}, ${slowest.idle.toFixed(1)} s ago`,
  ];
}
