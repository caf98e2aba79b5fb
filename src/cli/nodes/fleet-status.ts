import { folderFacts } from '../../ledger/live/folder-facts.ts';
import { liveState } from '../../ledger/live/state.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { type Fleet, openFleet } from '../../run/nodes/fleet.ts';
import { ranges } from '../../run/nodes/launch/slurm.ts';
import { lostOf } from '../../run/nodes/redo.ts';
import { withShared } from '../../run/nodes/shared.ts';
import { type FleetFacts, fleetFacts, type TaskFacts } from '../../run/nodes/state.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { checkBytes } from '../../streams/commits/damage.ts';
import { program } from '../program.ts';
import { count, duration, plural, shellWord, shownPath, size } from '../terminal/format.ts';
import { funnelLines } from '../terminal/picture.ts';
import { standardOutput, tableLines } from '../terminal/terminal.ts';

/** Shards that are named one by one. */
const SHOWN = 20;

export interface FleetStatusOptions {
  readonly json: boolean;
  readonly steps: boolean;
  readonly verify: boolean;
}

/** How a run on many nodes stands. */
export async function printFleetStatus(folder: string, { json, steps, verify }: FleetStatusOptions): Promise<void> {
  const { fleet, facts } = await withShared(folder, async (shared) => {
    const fleet = await openFleet(shared);
    return { fleet, facts: await fleetFacts(fleet) };
  });
  const verified = verify ? await verifiedIn(folder, fleet.name) : null;
  const { out, style } = standardOutput();
  if (json) out(safeJson(JSON.stringify({ ...facts, ...(verified && { verified }) }, null, 2)));
  else for (const line of linesOf(fleet, facts)) out(line);
  if (steps && !json) {
    out();
    const read = await openRunFolder(folder, () => false);
    for (const line of funnelLines(liveState(await folderFacts(read)), style)) out(line);
  }
  if (verified && !json)
    out(
      `Verified: ${plural(verified.files, 'file')}, ${size(verified.bytes)}, are as they were committed (tables ` +
        'only: not what a global step reads).',
    );
}

/** Reads all tables that are committed so far. Errors: InputError that names the shard and how to do it again. */
async function verifiedIn(folder: string, name: string) {
  try {
    return await checkBytes(await openRunFolder(folder, undefined));
  } catch (error) {
    throw lostOf(error, name);
  }
}

function linesOf(fleet: Fleet, facts: FleetFacts): string[] {
  const { style } = standardOutput();
  const here = shellWord(shownPath(fleet.name));
  const lines = [
    `${style.bold(safeText(facts.name))} in ${shownPath(fleet.name)}: ${plural(facts.splits, 'split')} in ` +
      `${plural(facts.shards, 'logical shard')}, ${plural(facts.phases.length, 'phase')}`,
  ];
  const rows = facts.phases.map(({ phase, tasks, byState }) => {
    const some = Object.entries(byState).filter(([state, n]) => n > 0 && state !== 'done');
    return [phase, `${byState.done} of ${tasks} done`, some.map(([state, n]) => `${n} ${state}`).join(', ')];
  });
  lines.push(...tableLines([{}, {}, {}], rows, '  '));
  const open = facts.phases.find((p) => p.phase === facts.next);
  if (open === undefined) return [...lines, '', 'Every phase is done. Next:', `  ${program()} finish ${here}`];
  const named = open.missing.filter((t) => t.state !== 'open' || t.attempts > 0);
  for (const t of named.slice(0, SHOWN)) lines.push(...taskLines(t));
  if (named.length > SHOWN) lines.push(`  and ${count(named.length - SHOWN)} more (all with --json)`);
  if (facts.etaSeconds !== null) lines.push(`The slowest shard that runs needs about ${duration(facts.etaSeconds)}.`);
  const idle = open.missing.filter((t) => t.state !== 'running').map((t) => t.task);
  if (idle.length > 0) {
    const which = idle.length === 1 ? `shard ${idle[0]}` : `shards ${ranges(idle)}`;
    lines.push('', `Next: ${which} of ${open.phase}${idle.length === 1 ? '' : ', the first of them'}:`);
    lines.push(`  ${program()} run ${here} --shard ${idle[0]}/${open.tasks}`);
  }
  return lines;
}

function taskLines(t: TaskFacts): string[] {
  const by = t.by ? `, ${safeText(t.by.host)} process ${t.by.pid}` : '';
  const rate = t.documentsPerSecond;
  const pace = rate === null ? '' : `, ${count(Math.round(rate))} documents/s${t.slow ? ' (slow)' : ''}`;
  const error = t.error === null ? '' : `: ${safeText(t.error)}`;
  return [
    `  shard ${t.task}: ${t.state}, attempt ${t.attempts}, ${t.splits} of ${t.outOf}${pace}${by}${error}`,
    ...t.poison.map(
      (p) => `    died ${p.deaths} times at split ${p.split}: ${p.files.slice(0, 3).map(safeText).join(', ')}`,
    ),
  ];
}
