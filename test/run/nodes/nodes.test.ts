import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import {
  annotate,
  c4,
  custom,
  dedup,
  drop,
  jsonl,
  parquet,
  type Recipe,
  type RunJson,
  recipe,
  rule,
  select,
  textStatistics,
  tokenize,
  tokens,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { folderFacts } from '../../../src/ledger/live/folder-facts.ts';
import { liveState } from '../../../src/ledger/live/state.ts';
import { committedTotals, openRunFolder } from '../../../src/ledger/run-folder.ts';
import { fleetView } from '../../../src/run/live/fleet-cell.ts';
import { finishNodes } from '../../../src/run/nodes/finish.ts';
import { fleetPhases, openFleet, readNodesJson } from '../../../src/run/nodes/fleet.ts';
import { inRun, readOutcome } from '../../../src/run/nodes/outcome.ts';
import { planNodes } from '../../../src/run/nodes/plan-nodes.ts';
import { refuseLost } from '../../../src/run/nodes/redo.ts';
import { runShard } from '../../../src/run/nodes/shard.ts';
import { withShared } from '../../../src/run/nodes/shared.ts';
import { fleetFacts } from '../../../src/run/nodes/state.ts';
import type { ShardEvent } from '../../../src/run/nodes/work.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';

const quality = [
  annotate(textStatistics(), { step: 'scores' }),
  drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
];

const everything = recipe({
  name: 'everything',
  splitBytes: 16 * 1024,
  steps: [
    dedup.exact(),
    c4(),
    dedup.normalized(),
    dedup.minhash(),
    dedup.paragraphs(),
    ...quality,
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
    dedup.exact({ step: 'again', saveIndex: true }),
    tokenize({ tokenizer: 'bytes' }),
  ],
  sinks: [parquet(), jsonl(), tokens({ tokenizer: 'bytes' })],
});

const planned = (made: Recipe, input: string, output: string, shards: number) =>
  planNodes(made, { shards, recipe: made.name, args: [], output, options: { input: [input], shardSize: 20_000 } });

/** One process that does every shard of every phase. */
const everyShard = (made: Recipe, output: string): Promise<ShardEvent[]> =>
  lastValueFrom(runShard(made, output, { workers: 2 }, { index: 0, count: 1, wait: true }).pipe(toArray()));

/** Of phases that have not begun. */
const rest = (phases: number): object[] => Array.from({ length: phases }, () => ({}));

const totalsOf = async (run: string): Promise<Pick<RunJson, 'totals' | 'hashes'>> => {
  const { totals, hashes } = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as RunJson;
  return { totals, hashes };
};

describe('a run on many nodes', { timeout: 120_000 }, () => {
  it('takes the sample that was planned', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(60, 5), 3);
    const [one, many] = [join(folder, 'one'), join(folder, 'many')];
    const options = { input: [join(folder, 'in/*.jsonl')], samplePercent: 30 };
    const made = recipe({ name: 'sampled', splitBytes: 16 * 1024, steps: [dedup.exact(), ...quality] });
    await runToEnd(made, { ...options, output: one, workers: 1 });
    await planNodes(made, { shards: 2, recipe: made.name, args: [], output: many, options });
    await everyShard(made, many);
    await finishNodes(made, many, {});
    const totals = await totalsOf(one);
    expect(totals.totals?.read.documents).toBeLessThan(60);
    expect(await totalsOf(many)).toEqual(totals);
  });

  it('writes the bytes of one process, with barriers that decide in parts and barriers that do not', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(60, 5), 3);
    const input = join(folder, 'in/*.jsonl');
    const [one, many] = [join(folder, 'one'), join(folder, 'many')];
    await runToEnd(everything, { input: [input], output: one, workers: 2, shardSize: 20_000 });
    const { plan, nodes } = await planned(everything, input, many, 3);
    expect(plan.splits.length).toBeGreaterThan(3);
    expect(nodes.parted).toEqual([
      'exact_dedup',
      'normalized_dedup',
      'minhash_dedup',
      'paragraph_dedup',
      'select_text_chars',
    ]);
    // Stopped after its first split: another attempt does the rest.
    const stop = new AbortController();
    const first = runShard(everything, many, { workers: 1, stop: stop.signal }, { index: 0, count: 1 }).pipe(
      tap((e) => {
        if (e.type === 'split') stop.abort();
      }),
      toArray(),
    );
    expect((await lastValueFrom(first)).at(-1)).toEqual({ type: 'stopped', run: many, phase: 'split-0' });
    await expect(finishNodes(everything, many, {})).rejects.toThrow('3 of 3 shards of split-0');
    expect(await openFleet(many).then(fleetFacts)).toMatchObject({
      next: 'split-0',
      phases: [{ byState: { stopped: 1, open: 2 }, missing: [{ attempts: 1, splits: 1 }, {}, {}] }, ...rest(20)],
    });
    // Whoever reads it sees what is committed so far, whichever attempt did it.
    const seen = await openRunFolder(many);
    expect(seen.commits.all.map((c) => c.phase)).toEqual(['split/0']);
    expect(committedTotals(seen).read.documents).toBeGreaterThan(0);
    expect(liveState(await folderFacts(seen))).toMatchObject({
      run: { status: 'running' },
      progress: { phaseNumber: 0, splitsDone: 1 },
    });
    expect(fleetView(await fleetFacts(await openFleet(many)))).toMatchObject({
      next: 'split-0',
      tasks: [{ state: 'stopped', splits: 1, slow: false }],
      more: 0,
    });
    const events = await everyShard(everything, many);
    expect(events.filter((e) => e.type === 'waiting')).toHaveLength(21);
    // What rounds have sent is deleted as soon as it was read.
    const left = readdirSync(join(many, 'tasks'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((f) => /decisions$/.test(f)).length).toBeGreaterThan(0);
    expect(left.filter((f) => /sent(\.index)?$/.test(f))).toEqual([]);
    expect(events.at(-1)).toEqual({ type: 'done', run: many });
    const result = await finishNodes(everything, many, {});
    expect(result.status).toBe('done');
    expect(promisedBytes(many)).toEqual(promisedBytes(one));
    expect(await totalsOf(many)).toEqual(await totalsOf(one));
    expect(existsSync(join(many, 'tasks'))).toBe(false);
  });

  it('is done by two of the same number, each of which leaves to the other what it has begun', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(40, 5), 2);
    const input = join(folder, 'in/*.jsonl');
    const [one, many] = [join(folder, 'one'), join(folder, 'many')];
    const made = recipe({ name: 'twice', splitBytes: 8192, steps: [dedup.exact(), ...quality] });
    await runToEnd(made, { input: [input], output: one, workers: 1, shardSize: 20_000 });
    await planned(made, input, many, 4);
    const early = { index: 0, count: 1, phase: 'decide-0' };
    await expect(lastValueFrom(runShard(made, many, { workers: 1 }, early))).rejects.toThrow('split-0 to be complete');
    const times = { beatMs: 50, patienceMs: 200 };
    const both = [0, 1].map(() =>
      lastValueFrom(runShard(made, many, { workers: 1 }, { index: 0, count: 1, wait: true, times })),
    );
    expect(await Promise.all(both)).toEqual([0, 1].map(() => ({ type: 'done', run: many })));
    // A segment is gone: its shard is done again from its input on, and no other.
    const { id } = await readNodesJson(many);
    const tasks = `tasks/${id}`;
    const paths = readdirSync(join(many, tasks), { recursive: true, encoding: 'utf8' });
    const lost = paths.find((f) => /^split-1\/.*\/documents\/.*parquet$/.test(f))!;
    const shard = Number(lost.split('/')[1]);
    await withShared(many, async (shared) => {
      const fleet = await openFleet(shared);
      const phases = fleetPhases(
        made.steps.map((step) => step.descriptor),
        fleet.nodes,
      );
      // A finisher that was killed has moved it to its place: not lost.
      const [from, to] = [`${tasks}/${lost}`, inRun(`${tasks}/${lost}`)].map((file) => join(many, file));
      expect(to).toBe(join(many, 'documents', basename(lost)));
      await mkdir(dirname(to));
      await rename(from, to);
      await refuseLost(fleet, phases);
      await rm(dirname(to), { recursive: true });
      await expect(refuseLost(fleet, phases)).rejects.toThrow(`--redo ${shard}`);
    });
    await expect(finishNodes(made, many, {})).rejects.toThrow(
      `got no such file. Do this shard again, and no other: sluice run ${many} --redo ${shard}`,
    );
    await expect(lastValueFrom(runShard(made, many, {}, { index: 0, count: 1, redo: 4 }))).rejects.toThrow('0 to 3');
    // An outcome that is not there is never taken for an empty one.
    await withShared(many, async (shared) => {
      const fleet = await openFleet(shared);
      await expect(readOutcome(fleet.shared, 'split-1', 4)).rejects.toThrow(
        'the outcome of shard 4 of split-1, got none',
      );
    });
    const again = await lastValueFrom(
      runShard(made, many, { workers: 1 }, { index: 0, count: 1, redo: shard, times }).pipe(toArray()),
    );
    expect(again[0]).toEqual({ type: 'note', text: `shard ${shard} is done again: split-0, split-1` });
    expect(new Set(again.flatMap((e) => ('task' in e ? [e.task] : [])))).toEqual(new Set([shard]));
    expect(again.at(-1)).toEqual({ type: 'done', run: many });
    const before = readdirSync(join(many, tasks, 'finish')).filter((f) => /^attempt-\d+\.json$/.test(f)).length;
    // A finisher that was taken for dead and comes back leaves the folder to the later one.
    const refused = expect(finishNodes(made, many, {})).rejects.toThrow(
      `expected attempt ${before + 1} to be the last`,
    );
    const claim = (attempt: number): string => join(many, `${tasks}/finish/attempt-000${attempt}.json`);
    while (!existsSync(claim(before + 1))) await new Promise((resolve) => setImmediate(resolve));
    await writeFile(claim(before + 2), '{}');
    await refused;
    await rm(claim(before + 2));
    await finishNodes(made, many, {});
    expect(promisedBytes(many)).toEqual(promisedBytes(one));
    const late = lastValueFrom(runShard(made, many, {}, { index: 0, count: 1, redo: 0 }));
    await expect(late).rejects.toThrow('a run that is not finished');
  });

  it('does no shard again where a step runs code of the user', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(5, 5), 1);
    const many = join(folder, 'many');
    const made = recipe({ name: 'fickle', steps: [custom('mine', 1, () => true)] });
    await planned(made, join(folder, 'in/*.jsonl'), many, 2);
    const again = lastValueFrom(runShard(made, many, {}, { index: 0, count: 1, redo: 0 }));
    await expect(again).rejects.toThrow('step mine, which runs code of yours');
  });

  it('refuses another recipe, a changed plan, a limit, one process in its folder, and a second plan', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(5, 5), 1);
    const input = join(folder, 'in/*.jsonl');
    const many = join(folder, 'many');
    const plain = recipe({ name: 'plain', steps: quality });
    const limited = { shards: 2, recipe: 'plain', args: [], output: many, options: { input: [input], limit: 3 } };
    await expect(planNodes(plain, limited)).rejects.toThrow('--limit 3');
    await expect(planned(plain, input, 'gs://bucket/out', 2)).rejects.toThrow('got gs://');
    await planned(plain, input, many, 2);
    // A planner that was killed before its last file can be given again.
    const nodes = join(many, 'nodes.json');
    await rm(nodes);
    await planned(plain, input, many, 2);
    await expect(planned(plain, input, many, 2)).rejects.toThrow('a plan never changes');
    await expect(runToEnd(plain, { input: [input], output: many })).rejects.toThrow('got one with nodes.json');
    const steps = [quality[0], drop('quality', [rule('text_chars < 200', { name: 'min_chars' })])];
    const other = recipe({ name: 'plain', steps });
    await expect(everyShard(other, many)).rejects.toThrow('the recipe this run was started with');
    const planWith = await readFile(nodes, 'utf8');
    await writeFile(nodes, planWith.replace('"format": 2', '"format": 9'));
    await expect(everyShard(plain, many)).rejects.toThrow('expected nodes.json of format 2, got format 9');
    await writeFile(nodes, planWith.replace(process.version, 'v0.9.0'));
    expect(await everyShard(plain, many)).toContainEqual({
      type: 'note',
      text: `planned with Node v0.9.0, this is ${process.version}: the output is the same`,
    });
    const run = JSON.parse(await readFile(join(many, 'run.json'), 'utf8')) as RunJson;
    const versions = run.versions.map((v) => v.replace(/@\d+$/, '@0'));
    const older = { ...run, versions, hashes: { ...run.hashes, recipe: 'of another version' } };
    await writeFile(join(many, 'run.json'), JSON.stringify(older));
    await expect(everyShard(plain, many)).rejects.toThrow('the rule versions of the run in this folder');
    await writeFile(join(many, 'run.json'), JSON.stringify(run));
    const file = join(many, 'plan.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"index":0', '"index":1'));
    await expect(everyShard(plain, many)).rejects.toThrow('the plan that this run was planned with');
    await expect(everyShard(plain, join(folder, 'in'))).rejects.toThrow('a run directory planned for many nodes');
  });
});
