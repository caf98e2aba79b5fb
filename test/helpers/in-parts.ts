import { readFileSync, writeFileSync } from 'node:fs';
import type { Barrier, BarrierDecision, BarrierSplit, RoundWork } from '../../src/streams/flow/barrier.ts';
import {
  decisionsOf,
  type PartDecision,
  partOf,
  partReadsTexts,
  readPart,
  settledDecision,
  writeDecisions,
  writeParted,
} from '../../src/streams/flow/parted.ts';
import { readSent, type SentFile, SentWriter } from '../../src/streams/flow/rounds.ts';

/** A file with these bytes of another, and others elsewhere. */
function onlyBytes(file: Buffer, pairs: ArrayLike<number>): Buffer {
  const out = Buffer.alloc(file.length, 0xff);
  for (let k = 0; k < pairs.length; k += 2) file.copy(out, pairs[k], pairs[k], pairs[k + 1]);
  return out;
}

/**
 * What a barrier decides in parts, as tasks of a run on many nodes do: nothing but files goes from one to the next.
 * @param files as pass 1 wrote them
 * @param each is told the round of every task that is done; -1 when the side columns lie in parts
 */
export async function decidedInParts(
  barrier: Barrier,
  files: readonly BarrierSplit[],
  parts: number,
  memoryBytes = 1e8,
  each: (round: number) => void = () => {},
): Promise<{ readonly decisions: BarrierDecision[]; readonly found: readonly PartDecision[][] }> {
  const scratch = files[0].keys;
  for (const { keys } of files) await writeParted(keys, `${keys}-parts`, barrier, parts);
  each(-1);
  // What does not say that it reads texts has none; what says which has no others.
  const own = async (part: number): Promise<BarrierSplit[]> =>
    Promise.all(files.map((f) => partOf({ ...f, spill: `${f.spill}-not-fetched`, keys: `${f.keys}-parts` }, part)));
  const withTexts = async (work: RoundWork, round: number | null): Promise<RoundWork> => {
    if (work.splits.length === 0 || !partReadsTexts(barrier, round)) return work;
    const texts = await barrier.textsRead?.(work);
    const splits = work.splits.map((split, at) => {
      const [from, spill] = [files[at].spill, `${files[at].spill}-${round}-${work.part}`];
      writeFileSync(spill, texts ? onlyBytes(readFileSync(from), texts[at]) : readFileSync(from));
      return { ...split, spill };
    });
    return { ...work, splits };
  };
  const before = barrier.rounds?.before ?? [];
  let sent: SentFile[] = [];
  let sentTo = parts;
  const workOf = async (part: number, round: number | null, alone: boolean): Promise<RoundWork> => {
    const [files, to] = [sent, sentTo];
    const splits = alone ? [] : await own(part);
    const received = () => readSent(files, part % to, to);
    return withTexts({ part, parts, memoryBytes, scratch: `${scratch}-task`, splits, received }, round);
  };
  for (const [r, round] of before.entries()) {
    const to = round.toAll || before[r + 1]?.alone ? 1 : parts;
    const written: SentFile[] = [];
    for (let part = 0; part < (round.alone ? 1 : parts); part++) {
      const file = { path: `${scratch}-sent-${r}-${part}`, index: `${scratch}-sent-${r}-${part}.index` };
      const writer = await SentWriter.open(file, to, memoryBytes / 4);
      await round.run(await workOf(part, r, round.alone ?? false), writer.send);
      await writer.finish();
      written.push(file);
      each(r);
    }
    [sent, sentTo] = [written, to];
  }
  const found: PartDecision[][] = files.map(() => []);
  for (let part = 0; part < parts; part++) {
    const [path, index] = [`${scratch}-decisions-${part}`, `${scratch}-index-${part}`];
    const work = await workOf(part, null, false);
    await writeDecisions(path, index, work.splits, decisionsOf(barrier, work), true, () => {});
    each(before.length);
    for (const [at, { split }] of files.entries()) found[at].push(await readPart(path, index, at, split));
  }
  return { decisions: files.map((file, at) => settledDecision(found[at], barrier, file)), found };
}
