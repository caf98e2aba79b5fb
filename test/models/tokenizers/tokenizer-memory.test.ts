import { statSync } from 'node:fs';
import { join } from 'node:path';
import { tokenize } from 'sluice/operators';
import { expect, it } from 'vitest';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import { tokenizerBytes } from '../../../src/models/tokenizers/tokenizer-memory.ts';
import { heldBytes } from '../../../src/run/split/windows.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { tokenFixture, writeTokenizer } from '../../helpers/tokenizers.ts';

/** Bytes that a kernel holds once it has encoded more than a chunk. */
async function held(path: string): Promise<number> {
  const tokenizer = await loadTokenizer(path);
  const text = new TextEncoder().encode(prose(generator(1), 200_000));
  expect(text.length).toBeGreaterThan(2 ** 20);
  const cuts = Array.from({ length: 101 }, (_, i) => Math.floor((text.length * i) / 100));
  tokenizer.encodeBatch(text, Int32Array.from(cuts));
  tokenizer.encodeBatch(text, Int32Array.of(0, text.length));
  return tokenizer.memoryBytes!();
}

it('what a tokenizer holds is counted by its tables, and is no more', async () => {
  const folder = await temporaryFolder();
  const small = writeTokenizer(join(folder, 'small.json'), 'gpt2');
  expect(await held(small)).toBeLessThanOrEqual(tokenizerBytes(small));
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
  const pairs = letters.flatMap((a) => letters.map((b) => [a, b]));
  const merges = [...pairs, ...pairs.flatMap(([a, b]) => letters.map((c) => [`${a}${b}`, c]))].slice(0, 90_000);
  const own = tokenFixture.model as { readonly vocab: Record<string, number> };
  const vocab = { ...own.vocab };
  let next = Object.keys(vocab).length;
  for (const [a, b] of merges) vocab[`${a}${b}`] ??= next++;
  const model = { ...own, vocab, merges: merges.map(([a, b]) => `${a} ${b}`), ignore_merges: true };
  const path = writeTokenizer(join(folder, 'large.json'), 'gpt2', { model });
  expect(statSync(path).size).toBeGreaterThan(1.5e6);
  const bytes = await held(path);
  expect(bytes).toBeGreaterThan(8e6);
  expect(bytes).toBeLessThanOrEqual(tokenizerBytes(path));
  // A worker holds it beside its split.
  expect(heldBytes([tokenize({ tokenizer: path }).descriptor])).toBe(tokenizerBytes(path));
  expect(heldBytes([tokenize({ tokenizer: 'bytes' }).descriptor])).toBe(0);
});
