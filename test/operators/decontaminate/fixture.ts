import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../../helpers/run.ts';

/** Items of our own in the shapes of well-known benchmarks. */
export const RECORDS = {
  question:
    'A miller grinds 12 sacks of flour each morning and 9 sacks each evening. How many sacks does he ' +
    'grind in a week of six working days?',
  answer: 'He grinds 12 + 9 = 21 sacks a day. In six days he grinds 6 * 21 = 126 sacks of flour altogether.',
  stem: 'Which part of a water mill turns the slow wheel into a fast stone?',
  choices: ['the lantern pinion on the upright shaft', 'the weir', 'the hopper', 'the tail race'],
  shortQuestion: 'not not true is',
  shortAnswer: 'certainly true',
  passage:
    'The lower mill stood on the left bank until the flood of that winter, when ice carried away the ' +
    'wheel, the weir and half of the granary wall.',
  code:
    '    total = 0\n    for sack in sacks:\n        total += sack.weight * sack.price\n    return ' +
    'round(total, 2)\n',
} as const;

/** A folder with four benchmark files. */
export async function benchmarkFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'benchmarks');
  mkdirSync(folder);
  const lines = (...records: object[]): string => records.map((r) => `${JSON.stringify(r)}\n`).join('');
  const { question, answer, stem, choices, shortQuestion, shortAnswer, passage, code } = RECORDS;
  writeFileSync(join(folder, 'sums.jsonl'), lines({ question: 'too short' }, { question, answer }));
  writeFileSync(
    join(folder, 'choice.jsonl.gz'),
    gzipSync(
      lines({
        id: 'mill-1',
        question: { stem },
        choices: { text: choices, label: ['A', 'B', 'C', 'D'] },
        answerKey: 'A',
      }),
    ),
  );
  writeFileSync(join(folder, 'logic.jsonl'), lines({ input: shortQuestion, target: shortAnswer }));
  writeFileSync(
    join(folder, 'reading.jsonl'),
    lines({
      id: 7,
      context: passage,
      question: 'Which bank?',
      answers: { text: ['the left bank'], answer_start: [30] },
    }),
  );
  writeFileSync(
    join(folder, 'program.jsonl'),
    lines({ task_id: 'Mill/3', prompt: 'def f(sacks):', canonical_solution: code }),
  );
  return folder;
}
