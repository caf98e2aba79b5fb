import { ConfigError } from '../errors.ts';
import type { Comparison, Condition } from '../streams/batch/outcome.ts';

const TOKEN =
  /\s*(?:([()])|([a-z][a-z0-9_]{0,100})\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)|(and|or|not|AND|OR|NOT)\b)/y;

/** Deepest nesting that is read. */
const DEEPEST = 100;

/**
 * Reads `column < number`, and several of them with `and`, `or`, `not` and parentheses; `and` binds tighter than `or`.
 * Errors: ConfigError for other words.
 */
export function conditionFrom(words: string): Condition {
  const tokens = tokensOf(words);
  let at = 0;
  const is = (word: string): boolean => tokens[at] === word;
  const some = (word: string, part: (depth: number) => Condition, depth: number): readonly Condition[] => {
    const parts = [part(depth)];
    while (is(word)) {
      at++;
      parts.push(part(depth));
    }
    return parts;
  };
  const any = (depth: number): Condition => {
    const parts = some('or', all, depth);
    return parts.length === 1 ? parts[0] : { any: parts };
  };
  const all = (depth: number): Condition => {
    const parts = some('and', one, depth);
    return parts.length === 1 ? parts[0] : { all: parts };
  };
  const one = (depth: number): Condition => {
    const token = tokens[at++];
    if (depth > DEEPEST || token === undefined) throw notWords(words);
    if (token === 'not') return { not: one(depth + 1) };
    if (token === '(') {
      const inner = any(depth + 1);
      if (tokens[at++] !== ')') throw notWords(words);
      return inner;
    }
    if (typeof token === 'string') throw notWords(words);
    return token;
  };
  const found = any(0);
  if (at !== tokens.length) throw notWords(words);
  return found;
}

function tokensOf(words: unknown): readonly (string | Condition)[] {
  if (typeof words !== 'string') throw notWords(words);
  const tokens: (string | Condition)[] = [];
  const text = words.trimEnd();
  for (let from = 0; from < text.length; from = TOKEN.lastIndex) {
    TOKEN.lastIndex = from;
    const found = TOKEN.exec(text);
    if (found === null) throw notWords(words);
    const [, bracket, column, comparison, number, word] = found;
    if (column === undefined) tokens.push(bracket ?? word.toLowerCase());
    else tokens.push({ column, comparison: comparison as Comparison, threshold: Number(number) });
  }
  return tokens;
}

const notWords = (words: unknown): ConfigError =>
  new ConfigError({
    expected: '`column < number` (or <=, >, >=, ==, !=), alone or with and, or, not and parentheses',
    got: typeof words === 'string' ? `'${words}'` : String(words),
    where: 'rule()',
  });

const WORDS: Record<Comparison, string> = {
  '<': 'below',
  '<=': 'at_most',
  '>': 'above',
  '>=': 'at_least',
  '==': 'equals',
  '!=': 'differs',
};

/** A name made of a condition: `text_chars_below`, `text_chars_below_and_text_lines_above`. */
export function nameOf(c: Condition): string {
  if ('column' in c) return `${c.column}_${WORDS[c.comparison]}`;
  if ('not' in c) return `not_${nameOf(c.not)}`;
  return 'all' in c ? c.all.map(nameOf).join('_and_') : c.any.map(nameOf).join('_or_');
}
