import { describe, expect, it } from 'vitest';
import { chooseHeldOut } from '../../../src/training/compare/hold-out.ts';
import { LowestKept } from '../../../src/training/compare/lowest-kept.ts';
import type { Pool, PoolDocument } from '../../../src/training/compare/pool.ts';
import { startsIn } from '../../../src/training/compare/samples.ts';

describe('what is kept of an arm', () => {
  it('the lowest places until there are enough bytes, in any order of the input', () => {
    const places = [0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.8];
    for (const order of [places, [...places].reverse()]) {
      const kept = new LowestKept<number>(30);
      for (const place of order) if (kept.takes(place)) kept.add(place, 10, place);
      expect(kept.items()).toEqual([0.1, 0.2, 0.3]);
    }
    const few = new LowestKept<string>(1000);
    few.add(0.5, 10, 'b');
    few.add(0.4, 10, 'a');
    expect(few.items()).toEqual(['a', 'b']);
  });

  it('says early what cannot be among the lowest any more', () => {
    const kept = new LowestKept<number>(10);
    for (const place of [0.5, 0.4, 0.3]) kept.add(place, 10, place);
    expect([kept.takes(0.9), kept.takes(0.1)]).toEqual([false, true]);
    expect(kept.items()).toEqual([0.3]);
  });
});

const document = (name: string, place: number, domain = 'web'): PoolDocument => ({
  place,
  domain,
  text: Buffer.from(name),
  textHash: BigInt(name.charCodeAt(0)),
});

const poolOf = (heldOut: PoolDocument[], more: string[] = []): Pool => ({
  documents: 0,
  bytes: 0,
  aside: 0,
  leftOut: 0,
  train: [],
  heldOut,
  heldOutTexts: new Set([...heldOut.map((d) => d.textHash), ...more.map((m) => BigInt(m.charCodeAt(0)))]),
  heldOutGroups: new Set(),
});

describe('what is held out', () => {
  it('each text once, with the arms that have it, also where only its hash was kept', () => {
    const a = poolOf([document('a', 0.1), document('b', 0.2)]);
    const b = poolOf([document('b', 0.2), document('c', 0.3)], ['a']);
    expect(chooseHeldOut([a, b], 100)).toEqual([
      { domain: 'web', text: 'a', arms: [0, 1] },
      { domain: 'web', text: 'b', arms: [0, 1] },
      { domain: 'web', text: 'c', arms: [1] },
    ]);
  });

  it('so many bytes of each domain and of each set of arms', () => {
    const pool = poolOf([document('aa', 0.1), document('bb', 0.2), document('cc', 0.3), document('dd', 0.4, 'code')]);
    expect(chooseHeldOut([pool], 3).map((d) => d.text)).toEqual(['aa', 'bb', 'dd']);
  });

  it('the smallest of many domains share a name', () => {
    const documents = Array.from({ length: 26 }, (_, i) => ({
      ...document(String.fromCharCode(97 + i), i / 26, `d${i}`),
      text: Buffer.from('x'.repeat(100 - i)),
    }));
    const domains = chooseHeldOut([poolOf(documents)], 1000).map((d) => d.domain);
    expect(domains.slice(0, 2)).toEqual(['d0', 'd1']);
    expect(domains.slice(24)).toEqual(['(others)', '(others)']);
  });
});

describe('documents inside a row', () => {
  it('begin where a rising list says so', () => {
    expect(startsIn([0, 5, 9, 20], 5, 20)).toEqual([5, 9]);
    expect(startsIn([0, 5, 9, 20], 6, 9)).toEqual([]);
    expect(startsIn([0, 5, 9, 20], 20, 30)).toEqual([20]);
  });
});
