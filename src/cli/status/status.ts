import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lockHolder } from '../../files/lock.ts';
import { isUrl, joinKey } from '../../files/stores/url.ts';
import { isFleet, NODES_FILE } from '../../ledger/fleet-commits.ts';
import { bookOf, folderFacts } from '../../ledger/live/folder-facts.ts';
import { liveState } from '../../ledger/live/state.ts';
import { committedTotals, openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { runPlace } from '../../ledger/stored/restore.ts';
import { builtInNames } from '../../recipe/loader.ts';
import { STDIN_FOLDER } from '../../run/directory/own-files.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { cameIn, createdIn, lostDocuments } from '../../streams/commits/counters.ts';
import { checkBytes } from '../../streams/commits/damage.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { splitPhase } from '../../streams/commits/phase.ts';
import { hasCopies } from '../../streams/inputs/pipe-copies.ts';
import { phasesOf } from '../../streams/split/phases.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { program } from '../program.ts';
import { partTaken, topReasons } from '../run/run-view.ts';
import { count, duration, percent, plural, shellWord, shownPath, size } from '../terminal/format.ts';
import { phaseTimeLines } from '../terminal/phase-times.ts';
import { funnelLines } from '../terminal/picture.ts';
import { standardOutput, tableLines } from '../terminal/terminal.ts';

const options = {
  json: { help: 'One JSON object on standard output.' },
  steps: { help: 'Also what comes through each step, and where the time goes, as the live page shows it.' },
  verify: { help: 'Reads every file of the run and compares its bytes with what was committed.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('status', args, options, ['run-dir']);
  if (/^https?:\/\//.test(positionals[0])) {
    // The client loads apache-arrow.
    await (await import('./feed-status.ts')).printFeedStatus(positionals[0], values.json);
    return 0;
  }
  if (await isPlanned(positionals[0])) {
    await (await import('../nodes/fleet-status.ts')).printFleetStatus(positionals[0], values);
    return 0;
  }
  refuseCopying(positionals[0]);
  // Of a run in a store its tables are fetched to be verified only.
  const folder = await openRunFolder(positionals[0], values.verify ? undefined : () => false);
  const verified = values.verify ? await checkBytes(folder) : null;
  const facts = { ...(await factsOf(folder)), verified };
  if (values.json) standardOutput().out(safeJson(JSON.stringify(facts, null, 2)));
  else {
    printStatus(folder, facts);
    if (values.steps) await printSteps(folder);
  }
  if (verified && !values.json)
    standardOutput().out(
      `Verified: ${plural(verified.files, 'file')}, ${size(verified.bytes)}, are as they were committed.`,
    );
  return 0;
}

/** True for a run that was planned for many nodes, and is not finished. */
async function isPlanned(given: string): Promise<boolean> {
  if (!isUrl(given)) return isFleet(given);
  const { store, prefix } = runPlace(given);
  return (await store.stat(joinKey(prefix, NODES_FILE))) !== null;
}

/** Errors: ConfigError for the folder of a run that has not come further than to copy what it reads from a pipe. */
function refuseCopying(given: string): void {
  if (isUrl(given) || existsSync(join(given, 'run.json')) || !hasCopies(join(given, STDIN_FOLDER))) return;
  throw new ConfigError({
    problem: 'this run is copying its pipe, or was stopped while it did: nothing is planned or committed yet',
    expected: 'a run that has read its input',
    got: 'a folder with the copy of a pipe, and without a run.json',
    where: shownPath(given),
    fix:
      'Wait for it where it still works. Where it was stopped, give the same command again, with the stream from its ' +
      `beginning: COMMAND | ${program()} run <recipe> --input - --output ${shellWord(shownPath(given))}`,
  });
}

type Facts = Awaited<ReturnType<typeof factsOf>>;

async function factsOf(folder: RunFolder) {
  const { path, run, commits, steps } = folder;
  const holder = await lockHolder(join(path, 'lock'));
  const phases = phasesOf(steps).map((phase) => ({
    phase: phase.before ? `before ${phase.before.step}` : phase.after ? `after ${phase.after.step}` : 'curate',
    splitsDone: commits.of(splitPhase(phase.number)).size,
  }));
  const totals = committedTotals(folder);
  const files = [...new Set(['documents', ...run.sinks.map((s) => s.name), 'ledger', 'quarantine'])].map((name) => {
    const live = liveFiles(commits.all, name);
    const sum = (k: 'rows' | 'bytes') => live.reduce((n, f) => n + f[k], 0);
    return { sink: name, files: live.length, rows: sum('rows'), bytes: sum('bytes') };
  });
  return {
    run: isUrl(folder.given) ? folder.given : path,
    name: run.name,
    sluice: run.sluice,
    state: run.status === 'done' ? 'done' : holder !== null ? 'running' : isUrl(folder.given) ? 'open' : 'interrupted',
    process: holder,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    lastCommitAt: commits.all.at(-1)?.at ?? null,
    seconds: run.seconds,
    splits: run.splits,
    phases,
    input: run.input,
    limits: run.limits,
    totals,
    files,
    /** What a guard stopped the run for, null when none did. */
    stoppedBy: run.guards?.stopped ?? null,
  };
}

function printStatus({ path, given, run, commits }: RunFolder, facts: Facts): void {
  const { out, style } = standardOutput();
  const place = isUrl(given) ? given : shownPath(path);
  const { totals: t } = facts;
  const state = {
    done: style.green('done'),
    running: style.cyan(`running (process ${facts.process})`),
    interrupted: style.yellow('interrupted'),
    // Its store does not say whether somebody works on it.
    open: style.yellow('not finished'),
  };
  out(`${style.bold(safeText(run.name))} in ${safeText(place)}: ${state[facts.state as keyof typeof state]}`);
  const rows: string[][] = [
    [
      'started',
      [
        facts.startedAt,
        ...(facts.finishedAt
          ? [`finished ${facts.finishedAt}`]
          : facts.lastCommitAt
            ? [`last commit ${facts.lastCommitAt}`]
            : []),
      ].join(', '),
    ],
    ...facts.phases.map((p) => [
      'splits',
      (
        `${p.splitsDone} of ${facts.splits} ` +
        (facts.phases.length > 1 ? safeText(p.phase) : '') +
        (facts.state === 'done' && p.splitsDone < facts.splits ? ' (the limit was reached)' : '')
      ).trimEnd(),
    ]),
    [
      'input',
      `${plural(run.input.files, 'file')}, ${size(run.input.bytes)}: ${run.input.patterns.map(safeText).join(' ')}`,
    ],
  ];
  const only = partTaken(run.limits);
  if (only !== null) rows.push(['only', only]);
  // Before the end of a run with barriers some documents are read but not decided.
  const made = createdIn(t).documents;
  const undecided = cameIn(t).documents - t.kept.documents - t.dropped.documents - lostDocuments(t);
  rows.push([
    'documents',
    `${count(t.read.documents)} read (${size(t.read.bytes)}), ${made > 0 ? `${count(made)} created, ` : ''}` +
      `${count(t.kept.documents)} kept (${percent(t.kept.documents, cameIn(t).documents)}), ` +
      `${count(t.dropped.documents)} dropped, ` +
      `${t.quarantined.estimated > 0 ? 'about ' : ''}${count(lostDocuments(t))} in ` +
      `quarantine${undecided > 0 ? `, ${count(undecided)} not yet decided` : ''}`,
  ]);
  const reasons = topReasons(t)
    .slice(0, 3)
    .map((r) => `${safeText(r.rule)} ${count(r.dropped)}`);
  if (reasons.length > 0) rows.push(['top rules', reasons.join(', ')]);
  for (const f of facts.files)
    if (f.files > 0)
      rows.push([safeText(f.sink), `${plural(f.files, 'file')}, ${plural(f.rows, 'row')}, ${size(f.bytes)}`]);
  if (facts.seconds > 0)
    rows.push(['work', `${duration(facts.seconds)}, ${size(t.read.bytes / facts.seconds)}/s of text`]);
  const halted = ['interrupted', 'open'].includes(facts.state);
  const guard = halted ? facts.stoppedBy : null;
  if (guard)
    rows.push([
      'stopped by',
      `a guard: ${safeText(guard.of)} ${percent(guard.documents, guard.outOf)} of ` +
        `${plural(guard.outOf, 'document')}, ` +
        `${guard.share < guard.min ? `at least ${percent(guard.min, 1)}` : `at most ${percent(guard.max, 1)}`} ` +
        `expected; override with ${safeText(guard.flag)}`,
    ]);
  for (const line of tableLines(
    [{}, {}],
    rows.map(([a, b]) => [style.dim(a), b]),
  ))
    out(line);
  if (facts.state === 'done') {
    const [{ folder: documents }] = run.sinks;
    const here = shellWord(place);
    out();
    out(style.bold('Next'));
    out(`  ${program()} sql ${here} "SELECT outcome, rule, count(*) AS n FROM ledger GROUP BY ALL"`);
    if (t.kept.documents > 0) out(`  ${program()} inspect ${shellWord(`${place}/${documents}`)}`);
  }
  if (halted) {
    out();
    out(
      `To resume, give the command that started it; what is in the ${plural(commits.all.length, 'commit')} so ` +
        'far is not redone:',
    );
    out(`  ${safeText(resumeCommand(path, run))}${guard ? ` ${safeText(guard.flag)}` : ''}`);
  }
}

async function printSteps(folder: RunFolder): Promise<void> {
  const { out, style } = standardOutput();
  out();
  const book = await bookOf(folder.path);
  for (const line of funnelLines(liveState(await folderFacts(folder, book)), style)) out(line);
  out();
  for (const line of phaseTimeLines(book, folder.steps)) out(line);
}

/** As it was typed; where `run()` was called, or by an earlier version, what run.json tells. */
function resumeCommand(path: string, run: RunJson): string {
  if (run.command) {
    const { args, folder } = run.command;
    const there = folder === process.cwd() ? '' : `cd ${shellWord(folder)} && `;
    return `${there}${program()} run ${args.map(shellWord).join(' ')}`;
  }
  const recipe = builtInNames().includes(run.name) ? run.name : '<the same recipe>';
  const inputs = run.input.patterns.map((p) => `--input ${shellWord(p)}`).join(' ');
  return `${program()} run ${recipe} ${inputs}${limitsOf(run)} --output ${shellWord(shownPath(path))}`;
}

/** Another limit or sample would be another run. */
const limitsOf = ({ limits: { limit, samplePercent } }: RunJson): string =>
  `${limit === null ? '' : ` --limit ${limit}`}${samplePercent === null ? '' : ` --sample ${samplePercent}%`}`;

export const status: Command = {
  help: {
    usage: '<run-dir or address of a feed> [--steps] [--verify] [--json]',
    about:
      'Progress of a run: state, splits, committed totals, files, and how to resume it. Read-only, so it ' +
      'works while the run is in progress.',
    options,
    examples: [['sluice status sluice-out/quickstart', 'is it done?']],
  },
  run,
};
