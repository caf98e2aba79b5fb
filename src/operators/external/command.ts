import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { ConfigError } from '../../errors.ts';

/** Of a file that a command names: what it is, for the identity of a run. */
export interface NamedFile {
  readonly name: string;
  readonly sha256: string;
}

/** What only a shell would understand. */
const SHELL = /[|&;<>`$*?(){}~#!\n]/;

/**
 * A command as the words that a system call takes; no shell reads it. Blanks part words, quotes of both kinds keep
 * them together, a backslash takes the next character as it is (inside of `'` it is a backslash).
 * Errors: ConfigError for an empty command, an open quote, and what would need a shell.
 */
export function argvOf(command: string | readonly string[], where: string): string[] {
  const words = typeof command === 'string' ? wordsOf(command, where) : [...command];
  if (words.length > 0 && words[0] !== '') return words;
  throw new ConfigError({ expected: "a command, as in 'python my_filter.py'", got: 'an empty one', where });
}

function wordsOf(command: string, where: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let i = 0; i < command.length; i++) {
    const c = command[i];
    if (c === '\\' && quote !== "'" && i + 1 < command.length) word = (word ?? '') + command[++i];
    else if (quote !== '' && c === quote) quote = '';
    else if (quote !== '') word = (word ?? '') + c;
    else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (c === ' ' || c === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (SHELL.test(c)) {
      throw new ConfigError({
        expected: 'a program with its arguments, which no shell reads',
        got: `${JSON.stringify(c)} in ${command}`,
        where,
        fix: "Quote it if it belongs to an argument, or give the words as a list: ['python', 'my_filter.py'].",
      });
    } else word = (word ?? '') + c;
  }
  if (quote !== '') throw new ConfigError({ expected: `a closing ${quote}`, got: command, where });
  if (word !== null) words.push(word);
  return words;
}

/** More than any script: what is larger is data, which the version of a filter stands for. */
const LARGEST = 16 * 1024 * 1024;

/** The files that a command names, with their hashes; a program that is no script (`python`) has its own version. */
export function filesOf(argv: readonly string[]): NamedFile[] {
  return argv.flatMap((name, i) => {
    const size = sizeOf(name);
    if (size === null || size > LARGEST || (i === 0 && !isScript(name))) return [];
    return [{ name: basename(name), sha256: createHash('sha256').update(readFileSync(name)).digest('hex') }];
  });
}

function sizeOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : null;
}

function isScript(path: string): boolean {
  const head = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, 2, 0);
  } finally {
    closeSync(file);
  }
  return head.toString('latin1') === '#!';
}

/** The name of a step that is given none: that of the script, in snake_case. */
export function nameOf(argv: readonly string[]): string {
  const script = argv.slice(1).find((word) => !word.startsWith('-')) ?? argv[0] ?? '';
  const plain = basename(script, extname(script)).replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  const name = plain.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  return /^[a-z]/.test(name) ? name : `external_${name}`;
}
