import type { Json } from '../../streams/operator.ts';

/** A part of a benchmark item that is looked for on its own. */
export type PartName = 'question' | 'answer' | 'passage';

/** One item of a benchmark as texts. */
export interface BenchmarkItem {
  readonly benchmark: string;
  /** Label within the benchmark: its id, or its number in the file from 0. */
  readonly item: string;
  readonly question: string | null;
  readonly answer: string | null;
  readonly passage: string | null;
}

/** Field names in order of preference; a dot reaches into objects. */
export interface BenchmarkFields {
  readonly question: readonly string[];
  readonly choices: readonly string[];
  readonly answer: readonly string[];
  readonly passage: readonly string[];
  readonly id: readonly string[];
}

/**
 * Fields of well-known benchmarks: GSM8K (question, answer), MMLU (question, choices, answer), BIG-Bench Hard (input,
 * target), HumanEval (prompt, canonical_solution, task_id), MBPP (text or prompt, code, task_id), ARC and OpenBookQA
 * (question.stem or question_stem, choices.text, answerKey), HellaSwag (ctx, endings, label), PIQA (goal), WinoGrande
 * (sentence), BoolQ (question, passage), DROP and SQuAD (question, passage or context, answers.text), RACE (article,
 * question, options), TruthfulQA (question, best_answer), TriviaQA (question, answer.value).
 */
export const DEFAULT_FIELDS: BenchmarkFields = {
  question: [
    'question.stem',
    'question',
    'question_stem',
    'prompt',
    'problem',
    'input',
    'query',
    'ctx',
    'goal',
    'sentence',
    'instruction',
    'text',
  ],
  choices: ['choices.text', 'choices', 'options', 'endings'],
  answer: [
    'answer.value',
    'answer',
    'answers.text',
    'answers',
    'target',
    'canonical_solution',
    'solution',
    'code',
    'best_answer',
    'output',
    'completion',
    'answerKey',
    'label',
  ],
  passage: ['passage', 'context', 'article', 'story', 'support'],
  id: ['id', 'task_id', 'qid', 'question_id', 'item'],
};

const memberOf = (value: Json | undefined, name: string): Json | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as { readonly [k: string]: Json })[name]
    : undefined;

/** What a record says under the first of `names` that it has. */
function memberUnder(record: Json, names: readonly string[]): Json | undefined {
  for (const name of names) {
    // A field whose whole name has the dots wins.
    const path = memberOf(record, name) === undefined ? name.split('.') : [name];
    const at = path.reduce<Json | undefined>(memberOf, record);
    if (at !== undefined && at !== null && at !== '') return at;
  }
  return undefined;
}

const textOf = (value: Json | undefined): string | null => {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return textOf(value.find((v: Json) => textOf(v) !== null));
  return null;
};

/** `A. first\nB. second`: how choices are printed nearly everywhere. */
const lettered = (choices: readonly string[]): string =>
  choices.map((c, i) => `${String.fromCharCode(65 + (i % 26))}. ${c}`).join('\n');

/** Texts of the choices, whether strings or objects with `text`. */
function choicesOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return value.map((v: Json) => textOf(v) ?? textOf(memberUnder(v, ['text', 'label'])) ?? '');
}

/**
 * Parts of a record; null when it holds neither question, answer nor passage. Choices belong to the question, and hold
 * the answer.
 */
export function itemOf(record: Json, fields: BenchmarkFields, benchmark: string, number: number): BenchmarkItem | null {
  const choices = choicesOf(memberUnder(record, fields.choices));
  const stem = textOf(memberUnder(record, fields.question));
  const question = stem !== null && choices.length > 0 ? `${stem}\n${lettered(choices)}` : stem;
  const answer = choices.length > 0 ? null : textOf(memberUnder(record, fields.answer));
  const passage = textOf(memberUnder(record, fields.passage));
  if (question === null && answer === null && passage === null) return null;
  const item = textOf(memberUnder(record, fields.id)) ?? String(number);
  return { benchmark, item, question, answer, passage };
}
