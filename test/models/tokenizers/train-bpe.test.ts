import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import type { Tokenizer } from '../../../src/models/tokenizers/tokenizer.ts';
import {
  bpeTokenizerJson,
  type Merge,
  PIECES,
  PieceCounts,
  trainBpe,
} from '../../../src/models/tokenizers/train-bpe.ts';
import { temporaryFolder } from '../ngram/folders.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const counted = (...texts: string[]): PieceCounts => {
  const counts = new PieceCounts();
  for (const text of texts) counts.add(text);
  return counts;
};
const piecesOf = (text: string): string[] => [...text.matchAll(new RegExp(PIECES, 'gu'))].map(([p]) => p);

/** Counts every pair anew for every merge. */
function slowBpe(texts: readonly string[], vocabulary: number): Merge[] {
  let pieces = texts.flatMap(piecesOf).map((p) => [...utf8(p)]);
  const merges: Merge[] = [];
  while (257 + merges.length < vocabulary) {
    const counts = new Map<string, number>();
    for (const ids of pieces)
      for (let i = 0; i + 1 < ids.length; i++) {
        const key = `${ids[i]} ${ids[i + 1]}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    const pairs = [...counts].map(([key, n]) => ({ pair: key.split(' ').map(Number) as [number, number], n }));
    const best = pairs.sort((a, b) => b.n - a.n || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])[0];
    if (!best || best.n < 2) break;
    const id = 257 + merges.length;
    merges.push(best.pair);
    pieces = pieces.map((ids) => {
      const out: number[] = [];
      for (let i = 0; i < ids.length; i++)
        if (ids[i] === best.pair[0] && ids[i + 1] === best.pair[1]) {
          out.push(id);
          i++;
        } else out.push(ids[i]);
      return out;
    });
  }
  return merges;
}

async function tokenizerOf(merges: readonly Merge[]): Promise<Tokenizer> {
  const path = join(await temporaryFolder(), 'tokenizer.json');
  await writeFile(path, JSON.stringify(bpeTokenizerJson(merges)));
  return loadTokenizer(path);
}

const TEXT = 'The miller said: "I don\'t grind at night."\n\n  He slept; 1999 wheels  turned, naïve as Żółć 🐎.\t\r\n';

describe('pieces', () => {
  it('are words, digits by three, signs and white space, each with the space before it', () => {
    expect(piecesOf("It's 12345 o'clock...\n\n  go  on")).toEqual([
      ...['It', "'s", ' 123', '45', ' o', "'", 'clock', '...', '\n\n ', ' go', ' ', ' on'],
    ]);
  });

  it('are the whole text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        expect(piecesOf(text).join('')).toBe(text);
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('byte pairs', () => {
  it('merge what comes most often, of equal ones the smaller ids', () => {
    // "aab" three times (once after a space), " ab" twice: (a, b) comes 5 times, then (a, ab) 3 times, then (space, ab)
    // twice.
    const merges = trainBpe(counted('aab aab ab', 'aab ab'), 260);
    expect(merges).toEqual([
      [97, 98],
      [97, 257],
      [32, 257],
    ]);
  });

  it('are the ones that counting everything again for every merge gives', () => {
    const unit = fc.constantFrom('a', 'b', 'é', ' ', '.');
    fc.assert(
      fc.property(fc.array(fc.string({ unit, maxLength: 30 }), { maxLength: 6 }), (texts) => {
        expect(trainBpe(counted(...texts), 275)).toEqual(slowBpe(texts, 275));
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('do not depend on the order of the texts, and stop where no pair comes twice', () => {
    const texts = [TEXT, 'The mill by the river.', 'At night the wheels turned.'];
    expect(trainBpe(counted(...texts), 400)).toEqual(trainBpe(counted(...[...texts].reverse()), 400));
    expect(trainBpe(counted('abc'), 400)).toEqual([]);
  });

  it('are learnt from long runs of a script without spaces, not from lines that are drawn', () => {
    const merges = (text: string) => trainBpe(counted(text), 300).length;
    expect(merges('水車は川の水で回る。'.repeat(40))).toBeGreaterThan(20);
    expect(merges('─'.repeat(400))).toBe(0);
    expect(merges('-'.repeat(400))).toBe(0);
    expect(merges('a𝒷'.repeat(200))).toBe(0);
  });

  it('of a vocabulary of 257 are none; more than two bytes hold are refused', () => {
    expect(trainBpe(counted(TEXT), 257)).toEqual([]);
    expect(() => trainBpe(counted(TEXT), 70_000)).toThrow('expected a vocabulary of 257 to 65,536 ids, got 70000');
  });
});

describe('tokenizer.json of byte pairs', () => {
  it('begins with the bytes, gives every text back, and knows the bytes of every id', async () => {
    const merges = trainBpe(counted(TEXT.repeat(3)), 320);
    const tokenizer = await tokenizerOf(merges);
    expect(tokenizer.vocabularySize).toBe(257 + merges.length);
    expect([...tokenizer.byteLengths.subarray(0, 256)]).toEqual(new Array(256).fill(1));
    expect([...tokenizer.encode(utf8('zQ'))]).toEqual([0x7a, 0x51]);
    for (const text of [TEXT, '', '\u0000\u007F', '<start> <|endoftext|>', '水車小屋', '  \n']) {
      const ids = tokenizer.encode(utf8(text));
      expect(tokenizer.decode(ids)).toBe(text);
      expect(ids.includes(256)).toBe(false);
      expect(ids.reduce((n, id) => n + tokenizer.byteLengths[id], 0)).toBe(utf8(text).length);
    }
    expect(tokenizer.encode(utf8(TEXT)).length).toBeLessThan(0.6 * utf8(TEXT).length);
  });

  const python = process.env.SLUICE_PYTHON ?? 'python3';
  const probe = spawnSync(python, ['-c', 'import tokenizers'], { encoding: 'utf8' });
  const missing = probe.error?.message ?? (probe.status === 0 ? null : probe.stderr.trim().split('\n').at(-1)!);
  if (missing !== null) console.warn(`skipped: no Python with tokenizers (${missing}); SLUICE_PYTHON names another`);
  it.skipIf(missing !== null)('gives the same ids in the tokenizers library of Hugging Face', async () => {
    const folder = await temporaryFolder();
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const texts = [...readme.split('\n\n'), TEXT, '水車小屋\u3000 x\u00a0y \u2028z', '\u0085\v\f a\u200b'];
    const path = join(folder, 'tokenizer.json');
    await writeFile(path, JSON.stringify(bpeTokenizerJson(trainBpe(counted(readme), 600))));
    const tokenizer = await loadTokenizer(path);
    const code =
      'import json,sys;from tokenizers import ' +
      'Tokenizer;t=Tokenizer.from_file(sys.argv[1]);print(json.dumps([' +
      't.encode(x, add_special_tokens=False).ids for x in json.load(sys.stdin)]))';
    const theirs = spawnSync(python, ['-c', code, path], { input: JSON.stringify(texts), encoding: 'utf8' });
    expect(JSON.parse(theirs.stdout)).toEqual(texts.map((text) => [...tokenizer.encode(utf8(text))]));
  });
});
