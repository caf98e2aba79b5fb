import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { neuralScorer } from '../../../src/models/scorers/neural-scorer.ts';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { clozeOfDocuments } from '../../../src/training/forgetting/cloze.ts';
import { itemOf, readItems } from '../../../src/training/forgetting/items.ts';
import { bitsPerByteOf, choiceBits, documentBits } from '../../../src/training/forgetting/measures.ts';
import { temporaryFolder } from '../../helpers/run.ts';

describe('items', () => {
  it.each([
    ['a place', { question: 'q', choices: ['x', 'y'], answer: 1 }],
    ['a label', { question: 'q', choices: ['x', 'y'], answer: 'B' }],
    ['the text', { question: 'q', choices: ['x', 'y'], answer: 'y' }],
    ['lists, as the hub has ARC', { question: 'q', choices: { text: ['x', 'y'], label: ['1', '2'] }, answerKey: '2' }],
    [
      'objects, as ARC has them',
      {
        question: {
          stem: 'q',
          choices: [
            { text: 'x', label: 'A' },
            { text: 'y', label: 'B' },
          ],
        },
        answerKey: 'B',
      },
    ],
  ])('answer: %s', (_, record) => {
    expect(itemOf(JSON.stringify(record), 'here')).toEqual({
      question: 'q',
      choices: ['x', 'y'],
      answer: 1,
      domain: 'items',
    });
  });

  it.each([
    ['{"question":"q","choices":["x"],"answer":0}', /two texts or more/],
    ['{"question":"q","choices":["x","y"],"answer":"z"}', /an `answer`/],
    ['{"question":"q","choices":["x","y"],"answer":2}', /an `answer`/],
    ['{"choices":["x","y"],"answer":0}', /a `question`/],
    ['{', /JSON object/],
  ])('%s is refused', (line, message) => {
    expect(() => itemOf(line, 'f line 1')).toThrow(message);
  });

  it('are read from JSON lines; the line of a wrong one is named', async () => {
    const path = join(await temporaryFolder(), 'items.jsonl');
    await writeFile(path, '{"question":"q","choices":["x","y"],"answer":0,"subject":"s"}\n\n{"question":1}\n');
    await expect(readItems(path)).rejects.toThrow(/items\.jsonl line 3/);
    await writeFile(path, '{"question":"q","choices":["x","y"],"answer":0,"subject":"s"}\n');
    expect(await readItems(path)).toMatchObject([{ domain: 's', answer: 0 }]);
    await writeFile(path, '');
    await expect(readItems(path)).rejects.toThrow(/at least one item/);
  });

  it('last words of held-out sentences, among words of about the same length', () => {
    const filler = 'all along the river the old mill stood quiet in the long afternoon and ';
    const documents = ['waited', 'worked', 'rested', 'walked', 'o'].map((word) => ({
      domain: 'web',
      text: `${filler}${word}. More`,
    }));
    const items = clozeOfDocuments(documents, { seed: 1 });
    expect(items.map((i) => i.choices[i.answer])).toEqual(['waited', 'worked', 'rested', 'walked']);
    for (const item of items) {
      expect([...item.choices].sort()).toEqual(['rested', 'waited', 'walked', 'worked']);
      expect(item.question).toBe(filler.trimEnd());
    }
    expect(clozeOfDocuments(documents, { seed: 1 })).toEqual(items);
    expect(clozeOfDocuments(documents.slice(0, 3))).toEqual([]);
  });
});

describe('what a model says', () => {
  it('of a choice: the likelihood of its own bytes after the question', async () => {
    const model = newModel({ width: 16, layers: 1, heads: 2, vocabulary: 257, context: 64 }, 1);
    const executor = await onnxruntimeNode();
    const scorer = await neuralScorer({ name: 'm', hash: '', model, tokenizer: byteTokenizer, start: 256, executor });
    const [bits] = await choiceBits(scorer, [{ question: 'ab', choices: ['c', 'de'], answer: 0, domain: 'x' }]);
    const { nllSum } = await scorer.score(utf8Column(['ab', 'ab c', 'ab de']));
    for (const i of [1, 2]) expect(bits[i - 1]).toBeCloseTo((nllSum[0] - nllSum[i]) / Math.LN2, 9);
    // A random model gives a byte about 8 bits: a choice of two bytes with its space has 16 and 24.
    expect(bits[0]!).toBeCloseTo(-16, 0);
    expect(bits[1]!).toBeCloseTo(-24, 0);
    const documents = [
      { domain: 'a', text: 'abcd' },
      { domain: 'b', text: '' },
    ];
    const measured = await documentBits(scorer, documents);
    await scorer.close?.();
    expect(measured).toMatchObject({ bits: [expect.any(Number), null], bytes: [4, 0] });
    expect(bitsPerByteOf(measured, documents)).toBe(measured.bits[0]! / 4);
    expect(bitsPerByteOf(measured, documents, 'b')).toBe(null);
  });
});
