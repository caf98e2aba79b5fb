import { readFile } from 'node:fs/promises';
import { ConfigError, InputError } from '../../errors.ts';

/** A question with a few answers, one of them right. */
export interface ClozeItem {
  readonly question: string;
  /** Two or more. */
  readonly choices: readonly string[];
  /** Place of the right one in `choices`. */
  readonly answer: number;
  /** What it is counted under. */
  readonly domain: string;
}

/**
 * Reads items from JSON lines in the forms that question sets come in: `question` (a text, or ARC's
 * `{stem, choices}`), `choices` (texts, `{text, label}` objects, or one object of the lists `text` and `label`), and
 * `answer` or `answerKey`: a place from 0, a label, or the text of the choice. `domain`, `subject` or `category` is
 * what an item is counted under, else `items`. Errors: InputError that names the line; ConfigError for no items.
 */
export async function readItems(path: string): Promise<ClozeItem[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError({
      expected: 'a file of items, one JSON object a line',
      got: cause.code === 'ENOENT' ? 'a path that does not exist' : cause.message,
      where: path,
      cause,
    });
  });
  const items = text
    .split('\n')
    .map((line, i) => [line.trim(), i + 1] as const)
    .filter(([line]) => line !== '')
    .map(([line, number]) => itemOf(line, `${path} line ${number}`));
  if (items.length > 0) return items;
  throw new ConfigError({ expected: 'at least one item', got: 'an empty file', where: path });
}

/** One item. @param where for errors */
export function itemOf(line: string, where: string): ClozeItem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new InputError({ expected: 'a JSON object', got: (cause as Error).message, where, cause });
  }
  const record = fieldsOf(value);
  const inner = fieldsOf(record.question);
  const question = typeof record.question === 'string' ? record.question : inner.stem;
  const [choices, labels] = choicesOf(record.choices ?? inner.choices ?? record.options);
  const answer = record.answer ?? record.answerKey ?? record.label;
  const place = typeof answer === 'number' ? answer : placeOf(String(answer ?? ''), choices, labels);
  const wrong = (expected: string, got: unknown): InputError =>
    new InputError({ expected, got: JSON.stringify(got)?.slice(0, 80) ?? 'nothing', where });
  if (typeof question !== 'string' || question.trim() === '') throw wrong('a `question` with a text', record.question);
  if (choices.length < 2) throw wrong('`choices` with two texts or more', record.choices);
  if (!Number.isInteger(place) || place < 0 || place >= choices.length)
    throw wrong('an `answer`: the place of a choice from 0, its label, or its text', answer);
  const domain = [record.domain, record.subject, record.category].find((d) => typeof d === 'string');
  return { question, choices, answer: place, domain: (domain as string | undefined) ?? 'items' };
}

type Fields = { readonly [name: string]: unknown };

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Choices with their labels: A, B, C ... where they have none. */
function choicesOf(value: unknown): [choices: string[], labels: string[]] {
  if (!Array.isArray(value)) {
    const { text, label } = fieldsOf(value);
    return labelled(textsOf(text), textsOf(label));
  }
  const plain = value.every((v) => typeof v === 'string' || typeof v === 'number');
  if (plain) return labelled(value.map(String), []);
  const texts = value.map((v) => String(fieldsOf(v).text ?? ''));
  return labelled(
    texts,
    value.map((v, i) => String(fieldsOf(v).label ?? letter(i))),
  );
}

const labelled = (texts: string[], labels: string[]): [string[], string[]] => [
  texts,
  labels.length === texts.length ? labels : texts.map((_, i) => letter(i)),
];

const letter = (i: number): string => String.fromCharCode(65 + i);

function placeOf(answer: string, choices: readonly string[], labels: readonly string[]): number {
  const byLabel = labels.indexOf(answer);
  if (byLabel >= 0) return byLabel;
  const byText = choices.indexOf(answer);
  return byText >= 0 || !/^\d+$/.test(answer) ? byText : Number(answer);
}
