import type { Barrier, BarrierDecision, BarrierSplit, RoundWork } from '../../src/streams/flow/barrier.ts';
import {
  decisionsOf,
  type PartDecision,
  partOf,
  readPart,
  readsTexts,
  settledDecision,
  writeDecisions,
  writeParted,
} from '../../src/streams/flow/parted.ts';
import { readSent, type SentFile, SentWriter } from '../../src/streams/flow/rounds.ts';

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
  // What does not say that it reads texts has none.
  const own = async (part: number, round: number | null): Promise<BarrierSplit[]> =>
    Promise.all(
      files.map((file) => {
        const spill = readsTexts(barrier, round) ? file.spill : `${file.spill}-not-fetched`;
        return partOf({ ...file, spill, keys: `${file.keys}-parts` }, part);
      }),
    );
  const before = barrier.rounds?.before ?? [];
  let sent: SentFile[] = [];
  let sentTo = parts;
  const workOf = async (part: number, round: number | null, alone: boolean): Promise<RoundWork> => {
    const [files, to] = [sent, sentTo];
    const splits = alone ? [] : await own(part, round);
    return { part, parts, memoryBytes, splits, received: () => readSent(files, part % to, to) };
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
