import type { Unpacked } from '../../codecs/piece.ts';
import type { Codec, InputRange } from '../../plan/splits.ts';
import { beginsRecord } from './cut.ts';
import { Cutter, type RecordEvent } from './cutter.ts';

/**
 * Cuts unpacked bytes into the records that start in a range; holds one record of at most `atMost` bytes, and nothing
 * of a larger one. Where a record is not as its header says, the next one is looked for after it.
 * @param isEnd of a plain file: whether a record may end before a byte. It is asked about records that are too large,
 * whose bytes are gone when their end comes
 */
export async function* warcRecords(
  unpacked: AsyncIterable<Unpacked>,
  range: InputRange,
  codec: Codec,
  atMost: number,
  isEnd: (offset: number) => Promise<boolean>,
): AsyncGenerator<RecordEvent> {
  const cutter = new Cutter(atMost);
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const { block, offset, bytes, detail, cut } = piece.damage;
      if (block >= range.end && codec !== 'none') break;
      const place = cutter.place ?? { block, offset };
      const head = cutter.head();
      yield* cutter.passedTo('damage');
      cutter.clear();
      yield { place, fault: 'undecodable', detail, bytes, head, packed: bytes, ...(cut && { cut }) };
      continue;
    }
    // A record that is still open goes on; of the next range nothing begins here.
    const { open } = cutter;
    if (codec !== 'none' && piece.block >= range.end && (open === null || beginsRecord(piece.bytes))) break;
    if (open !== null && open.block !== piece.block && beginsRecord(piece.bytes))
      yield* cutter.cutOff('the next member');
    cutter.push(piece.bytes, { block: piece.block, offset: piece.offset });
    for (;;) {
      if (codec === 'none' && cutter.startsAfter(range.end)) return;
      const event = cutter.next();
      if (event !== null) yield event;
      else if (cutter.large === null) break;
      else cutter.passOver(codec !== 'none' || (await isEnd(cutter.large)));
    }
    cutter.settle();
  }
  yield* cutter.cutOff('the end');
}
