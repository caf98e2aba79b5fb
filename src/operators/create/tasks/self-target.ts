import {
  malformed,
  type NoText,
  type Task,
  type TaskOptions,
  type TaskPrompt,
  type TaskText,
  type Told,
} from './task.ts';

const VERDICT = {
  type: 'object',
  properties: { equivalent: { type: 'boolean' } },
  required: ['equivalent'],
  additionalProperties: false,
};

/**
 * Targets in the model's own words, so that fine-tuning on them forgets less: its answer to the instruction of a
 * document, where a judge finds it right; else its paraphrase of the answer that the document gives, if that is right;
 * else the document stays as it is. A document is an instruction and its answer with `separator` between. The judge
 * compares texts (`exact`: without case, white space and a last full stop; `contains`: the answer of the document
 * stands in it), or is the model itself.
 */
export const selfTarget: Task = {
  source: 'S3FT: Gupta et al. 2025, "Selective Self-to-Supervised Fine-Tuning for Generalization"',
  kinds: [],
  first(text, o) {
    const pair = pairOf(text, o);
    return pair ? [{ part: 'own', system: '', prompt: pair.instruction, schema: null }] : [];
  },
  next(text, told, o) {
    const pair = pairOf(text, o)!;
    const last = told.at(-1)!;
    if (o.judge === 'model' && !isVerdict(last.prompt) && last.answer !== null)
      return [verdictPrompt(pair, last.answer, last.prompt.part)];
    const own = told.findIndex(({ prompt }) => prompt.part === 'own');
    const again = told.some(({ prompt }) => prompt.part === 'paraphrase');
    if (again || isRight(pair, told, own, o)) return [];
    return [
      {
        part: 'paraphrase',
        system: '',
        prompt:
          'Here are an instruction and a right answer to it. Say the answer in your own words, with everything that ' +
          `it says, and answer with that alone.\n\nInstruction: ${pair.instruction}\n\nAnswer: ${pair.gold}`,
        schema: null,
      },
    ];
  },
  read(text, told, o) {
    const pair = pairOf(text, o)!;
    return told.map(({ prompt, answer }, i): TaskText | NoText => {
      if (isVerdict(prompt)) return { not: 'step', reason: 'a verdict' };
      if (answer === null || answer.trim() === '') return malformed('no answer');
      if (!isRight(pair, told, i, o)) return { not: 'filtered', reason: 'judged wrong' };
      const start = `${pair.instruction}${o.separator}`;
      return { text: `${start}${answer.trim()}`, responseAt: start.length };
    });
  },
};

interface Pair {
  readonly instruction: string;
  readonly gold: string;
}

function pairOf(text: string, { separator }: TaskOptions): Pair | null {
  const at = text.indexOf(separator);
  const [instruction, gold] = at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + separator.length).trim()];
  return instruction.trim() === '' || gold === '' ? null : { instruction, gold };
}

const isVerdict = ({ part }: TaskPrompt): boolean => part.startsWith('verdict on ');

const verdictPrompt = ({ instruction, gold }: Pair, answer: string, part: string): TaskPrompt => ({
  part: `verdict on ${part}`,
  system: '',
  prompt:
    'Does the second answer to the instruction say the same as the first, which is right? Answer with a JSON object: ' +
    `{"equivalent": true or false}.\n\nInstruction: ${instruction}\n\nFirst: ${gold}\n\nSecond: ${answer}`,
  schema: VERDICT,
});

function isRight({ gold }: Pair, told: readonly Told[], at: number, { judge }: TaskOptions): boolean {
  const { prompt, answer } = told[at];
  if (answer === null) return false;
  if (judge === 'exact') return folded(answer) === folded(gold);
  if (judge === 'contains') return folded(answer).includes(folded(gold));
  return told.some(
    (t) => t.prompt.part === `verdict on ${prompt.part}` && /"equivalent"\s*:\s*true/.test(t.answer ?? ''),
  );
}

const folded = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim().replace(/\.$/, '');
