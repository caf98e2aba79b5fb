import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { type DocumentBatch, readDocuments } from 'sluice';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { makeBarrier, STAGE_NAMES } from '../../src/operators/stages.ts';
import { type BarrierDecision, type BarrierSplit, BarrierWriter } from '../../src/streams/flow/barrier.ts';
import { inParts } from '../../src/streams/flow/parted.ts';
import { isBarrier, type StepDescriptor } from '../../src/streams/operator.ts';
import { madeDocuments, spannedDocuments, writeCorpus } from '../helpers/corpus.ts';
import { decidedInParts } from '../helpers/in-parts.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { operatorCases } from './operator-cases.ts';
import { chained, collect, inBatchesOf, slice } from './streams.ts';

// One suite over every barrier: two passes over literal splits, as a run makes them.
const questions = new URL('../fixtures/questions.jsonl', import.meta.url).pathname;
const cases = operatorCases({ questions, ngram: '', tokenizer: 'bytes', indexes: '' }).filter(
  ({ make, name }) => !name.startsWith('ngram') && isBarrier(make().descriptor),
);
const kernel = loadKernel();

const documents = [...spannedDocuments(26, 11), ...madeDocuments(22, 12)].map((d, i) => ({
  ...d,
  id: `doc-${i}`,
  metadata: { ...d.metadata, url: `https://www.example.com/page-${i % 17}` },
}));

/** Pass 1 of splits, one of which has no documents: each in batches of so many rows. */
async function written(descriptor: StepDescriptor, all: DocumentBatch, rows: number): Promise<BarrierSplit[]> {
  const folder = await temporaryFolder();
  const ends = [0, 20, 20, all.rows];
  const files = ends.slice(1).map((end, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
    rows: [ends[split], end] as const,
  }));
  for (const {
    split,
    spill,
    keys,
    rows: [from, to],
  } of files) {
    const writer = await BarrierWriter.open(await makeBarrier(descriptor, await kernel), spill, keys);
    for (const batch of inBatchesOf(slice(all, from, to, 0), rows)) await writer.write(batch.with({ split }));
    await writer.finish();
  }
  return files.map(({ split, spill, keys }) => ({ split, spill, keys }));
}

/** Pass 2 in another thread, or in another process after a kill: nothing but the files. */
async function decided(descriptor: StepDescriptor, files: BarrierSplit[], memory = 1e8): Promise<BarrierDecision[]> {
  const decisions: BarrierDecision[] = [];
  const barrier = await makeBarrier(descriptor, await kernel);
  for await (const decision of barrier.decide(files, memory)) decisions.push(structuredClone(decision));
  return decisions;
}

it('knows every barrier of the table of stages', async () => {
  const stages: string[] = [];
  for (const stage of STAGE_NAMES) {
    const descriptor = { ...cases[0].make().descriptor, stage, options: {} };
    // One that is a barrier may want other options.
    const error = await makeBarrier(descriptor, await kernel).then(
      () => null,
      (e: Error) => e,
    );
    if (!error?.message.includes('expected a barrier')) stages.push(stage);
  }
  expect([...new Set(cases.map(({ make }) => make().descriptor.stage))].sort()).toEqual(stages.sort());
});

describe.each(cases.map((c) => [c.name, c] as const))('%s', (_, { make, before }) => {
  const { descriptor } = make();
  let all: DocumentBatch;
  beforeEach(async () => {
    const folder = await temporaryFolder();
    await writeCorpus(folder, documents);
    const [read] = await lastValueFrom(readDocuments(folder).pipe(toArray()));
    all = before ? (await collect([read], chained(before())))[0] : read;
  });

  it('decides the same in parts, where it can', async () => {
    const barrier = await makeBarrier(descriptor, await kernel);
    if (!inParts(barrier)) return;
    const files = await written(descriptor, all, 7);
    const wanted = await decided(descriptor, files);
    const { decisions, found } = await decidedInParts(barrier, files, 3);
    for (const [at, { cuts, ...settled }] of decisions.entries()) {
      const { cuts: wantedCuts, ...rest } = wanted[at];
      expect(settled).toEqual(rest);
      expect(cuts ?? null).toEqual(wantedCuts ?? null);
    }
    expect((await decidedInParts(barrier, files, 2, 64 * 1024)).decisions).toEqual(decisions);
    if (barrier.scattered)
      expect(found.flat().some(({ decision }) => (decision.cuts?.start.length ?? 0) > 0)).toBe(true);
  });

  it('decides on every document, in input order, whatever batches they come in', async () => {
    const wanted = await decided(descriptor, await written(descriptor, all, 1000));
    expect(wanted.map(({ split, keep }) => [split, keep.length])).toEqual([
      [0, 20],
      [1, 0],
      [2, all.rows - 20],
    ]);
    for (const { keep, duplicateOf, similarity, columns } of wanted) {
      expect([duplicateOf.length, similarity.length]).toEqual([keep.length, keep.length]);
      // Of no documents there is nothing to write.
      if (keep.length === 0) continue;
      expect([...(columns ?? new Map()).keys()]).toEqual(descriptor.writes.map(({ name }) => name));
    }
    for (const rows of [1, 7]) expect(await decided(descriptor, await written(descriptor, all, rows))).toEqual(wanted);
  });

  it('decides the same with little memory, and again after a kill between the passes', async () => {
    const files = await written(descriptor, all, 7);
    const wanted = await decided(descriptor, files);
    expect(await decided(descriptor, files)).toEqual(wanted);
    expect(await decided(descriptor, files, 64 * 1024)).toEqual(wanted);
  });

  it('has nothing to decide in splits without documents', async () => {
    const none = await decided(descriptor, await written(descriptor, slice(all, 0, 0, 0), 7));
    expect(none.map(({ keep }) => keep.length)).toEqual([0, 0, 0]);
  });
});
