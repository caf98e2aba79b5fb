/**
 * What a decision of `dedup.minhash()` (or `--step substring`) takes over all and in parts: `npx tsx
 * scripts/certify/nodes/decide-parts.ts [--documents 300000] [--parts 1,4,16]`.
 *
 * Pass 1 of generated documents, a third of them near copies, then the decision over all and in so many parts, each in
 * a process of its own. Printed: CPU seconds of the slowest task of every round, one after the other; of the task that
 * is alone; of all tasks; the greatest memory of the process beyond what it had before.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { dedup } from '../../../src/operators/index.ts';
import { makeBarrier } from '../../../src/operators/stages.ts';
import { type BarrierDecision, type BarrierSplit, BarrierWriter } from '../../../src/streams/flow/barrier.ts';
import { batchOf } from '../../../test/helpers/batches.ts';
import { generator, prose } from '../../../test/helpers/corpus.ts';
import { decidedInParts } from '../../../test/helpers/in-parts.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '300000' },
    parts: { type: 'string', default: '1,4,16' },
    folder: { type: 'string' },
    of: { type: 'string' },
    step: { type: 'string', default: 'minhash' },
  },
});
const SPLITS = 16;
const MEMORY = 128e6;
const STEPS = { minhash: () => dedup.minhash(), substring: () => dedup.substring({ minWords: 16 }) };
const barrier = await makeBarrier(STEPS[values.step as keyof typeof STEPS]().descriptor, await loadKernel());

const filesIn = (folder: string): BarrierSplit[] =>
  Array.from({ length: SPLITS }, (_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));

async function write(folder: string): Promise<void> {
  const random = generator(3);
  const each = Math.ceil(Number(values.documents) / SPLITS);
  // Words that are put together anew: as different as texts are, at the price of few.
  const words = prose(random, 4000).split(' ');
  const texts: string[] = [];
  for (const { split, spill, keys } of filesIn(folder)) {
    const writer = await BarrierWriter.open(barrier, spill, keys);
    for (let at = 0; at < each; at += 1000) {
      const batch = Array.from({ length: Math.min(1000, each - at) }, () => {
        const copy = texts.length > 0 && random() < 1 / 3;
        const own = copy
          ? texts[Math.floor(random() * texts.length)].split(' ')
          : Array.from({ length: 40 }, () => words[Math.floor(random() * words.length)]);
        if (copy) own[Math.floor(random() * own.length)] = 'changed';
        const text = own.join(' ');
        if (texts.length < 50_000) texts.push(text);
        return text;
      });
      await writer.write(batchOf(batch, { split, sequence: at }));
    }
    await writer.finish();
  }
}

const cpu = (): number => process.cpuUsage().user / 1e6;
const digest = (decisions: readonly BarrierDecision[]): string => {
  const hash = createHash('sha256');
  for (const { keep, duplicateOf, similarity, cuts } of decisions) {
    hash.update(keep).update(duplicateOf.join()).update(Float64Array.from(similarity));
    if (cuts) hash.update(cuts.offsets).update(cuts.start).update(cuts.end);
  }
  return hash.digest('hex').slice(0, 16);
};

/** One line of the table, as JSON. */
async function measure(folder: string, of: string): Promise<object> {
  const before = process.resourceUsage().maxRSS;
  const tasks = new Map<number, number[]>();
  let at = cpu();
  const started = at;
  const decisions: BarrierDecision[] = [];
  let all = 0;
  if (of === 'all') {
    for await (const d of barrier.decide(filesIn(folder), MEMORY)) decisions.push(d);
    all = cpu() - started;
  } else {
    const { decisions: made } = await decidedInParts(barrier, filesIn(folder), Number(of), MEMORY, (round) => {
      // Parts are written with the splits, not by the decision.
      if (round >= 0) tasks.set(round, [...(tasks.get(round) ?? []), cpu() - at]);
      at = cpu();
    });
    decisions.push(...made);
    all = [...tasks.values()].flat().reduce((n, s) => n + s, 0);
  }
  const slowest = [...tasks.values()].map((list) => Math.max(...list));
  const memory = (process.resourceUsage().maxRSS - before) / 1024;
  const round = (n: number): number => Math.round(n * 10) / 10;
  return {
    of,
    path: round(slowest.reduce((n, s) => n + s, 0) || all),
    alone: round(tasks.get(2)?.[0] ?? 0),
    all: round(all),
    mb: Math.round(memory),
    dropped: decisions.reduce((n, d) => n + d.keep.filter((k) => k === 0).length, 0),
    digest: digest(decisions),
  };
}

if (values.folder !== undefined && values.of !== undefined)
  process.stdout.write(`${JSON.stringify(await measure(values.folder, values.of))}\n`);
else {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parts-'));
  try {
    await write(folder);
    for (const of of ['all', ...values.parts.split(',')]) {
      const args = ['--import', 'tsx', import.meta.filename, '--folder', folder, '--of', of, '--step', values.step];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      process.stdout.write(stdout || stderr);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
