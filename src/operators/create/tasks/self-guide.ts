import {
  MATERIAL,
  type NoText,
  shown,
  type Task,
  type TaskOptions,
  type TaskPrompt,
  type TaskText,
  type Told,
} from './task.ts';

/** Talk around an answer; a text with one of them is no example of the task. */
export const FILLER: readonly string[] = [
  'happy to help',
  'glad to help',
  'here is an example',
  "here's an example",
  'let me know if',
  'feel free to',
  'as an ai',
  'i hope this helps',
  'new example',
  'based on the examples',
];

const INPUT = /^\s*(?:new\s+)?input\s*:\s*/i;
const OUTPUT = /^\s*output\s*:\s*/i;

/**
 * A model makes examples of a task for itself: first inputs, about the document and in the manner of a few examples
 * that are given; then, for each input that passes the filters, `samples` outputs after the same examples. Inputs go
 * when they are empty, filler, or were made before; outputs when they are filler, are none of the labels, or are
 * longer or shorter than mean +/- 2 standard deviations of those given. Of several outputs to one input the most
 * frequent stays, if a fifth of them say it; of equally frequent ones the shortest.
 */
export const selfGuide: Task = {
  source: 'SELF-GUIDE: Zhao et al. 2024, "Better Task-Specific Instruction Following via Self-Synthetic Finetuning"',
  kinds: [],
  first: (text, { instruction, examples, most }) =>
    Array.from({ length: Math.max(1, Math.min(most, 10)) }, (_, i) => ({
      part: `input ${i + 1}`,
      system: MATERIAL,
      prompt:
        `${instruction}\n\n${shownExamples(examples)}\n\nWrite one more input for this task, about the document. ` +
        `Answer with the input alone.\n\n${shown(text)}`,
      schema: null,
      sample: i,
    })),
  next(_, told, o) {
    if (told.some(({ prompt }) => isOutput(prompt))) return [];
    const inputs = told.map((_, i) => inputOf(told, i, o)).filter((input) => typeof input === 'string');
    return inputs.flatMap((input): TaskPrompt[] =>
      Array.from({ length: o.samples }, (_, sample) => ({
        part: `output: ${input}`,
        system: '',
        prompt: `${o.instruction}\n\n${shownExamples(o.examples)}\n\nInput: ${input}\nOutput:`,
        schema: null,
        sample,
      })),
    );
  },
  read(_, told, o) {
    const made = told.map(({ prompt, answer }, i): TaskText | NoText => {
      if (!isOutput(prompt)) {
        const input = inputOf(told, i, o);
        return typeof input === 'string' ? { not: 'step', reason: 'an input' } : input;
      }
      const input = prompt.part.slice(8);
      const output = (answer ?? '').replace(OUTPUT, '').trim();
      const reason = outputFault(output, o);
      return reason === null ? { text: `${input}\n${output}`, responseAt: input.length + 1 } : filtered(reason);
    });
    return consistent(told, made, o);
  },
};

const isOutput = ({ part }: TaskPrompt): boolean => part.startsWith('output: ');
const filtered = (reason: string): NoText => ({ not: 'filtered', reason });

const shownExamples = (examples: TaskOptions['examples']): string =>
  examples.map(({ input, output }) => `Input: ${input}\nOutput: ${output}`).join('\n\n');

/** The input that an answer holds, or why it is none. */
function inputOf(told: readonly Told[], at: number, { examples }: TaskOptions): string | NoText {
  const clean = ({ answer }: Told): string =>
    (answer ?? '')
      .replace(INPUT, '')
      .split(/\n[^\S\n]*output\s*:/i)[0]
      .trim();
  const input = clean(told[at]);
  if (input === '') return filtered('empty');
  if (isFiller(input)) return filtered('filler');
  const before = [...examples.map((e) => e.input), ...told.slice(0, at).map(clean)];
  return before.some((b) => folded(b) === folded(input)) ? filtered('duplicate') : input;
}

const isFiller = (text: string): boolean => FILLER.some((phrase) => text.toLowerCase().includes(phrase));
const folded = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();
const words = (text: string): number => text.split(/\s+/).filter(Boolean).length;

function outputFault(output: string, { examples, labels }: TaskOptions): string | null {
  if (output === '') return 'empty';
  if (isFiller(output)) return 'filler';
  if (labels.length > 0) return labels.some((l) => folded(l) === folded(output)) ? null : 'no label';
  const lengths = examples.map((e) => words(e.output));
  if (lengths.length < 2) return null;
  const mean = lengths.reduce((a, b) => a + b, 0) / lengths.length;
  const spread = Math.sqrt(lengths.reduce((n, l) => n + (l - mean) ** 2, 0) / lengths.length);
  return Math.abs(words(output) - mean) <= 2 * spread ? null : 'length';
}

/** One output an input: the most frequent, the shortest of several, and none where no fifth of the answers agree. */
function consistent(
  told: readonly Told[],
  made: readonly (TaskText | NoText)[],
  { samples }: TaskOptions,
): (TaskText | NoText)[] {
  const byInput = new Map<string, number[]>();
  made.forEach((m, i) => {
    if ('text' in m) byInput.set(told[i].prompt.part, [...(byInput.get(told[i].prompt.part) ?? []), i]);
  });
  const stays = new Set<number>();
  for (const places of byInput.values()) {
    const texts = places.map((i) => folded((made[i] as TaskText).text));
    const count = (at: number): number => texts.filter((t) => t === texts[at]).length;
    const order = places
      .map((_, k) => k)
      .sort((a, b) => count(b) - count(a) || texts[a].length - texts[b].length || a - b);
    if (count(order[0]) >= samples / 5) stays.add(places[order[0]]);
  }
  return made.map((m, i) => ('text' in m && !stays.has(i) ? filtered('not the most frequent') : m));
}
