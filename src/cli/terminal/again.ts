import { isStdin, isSubstitution, pipeOf } from '../../streams/inputs/pipe.ts';
import { shellWord } from './format.ts';

/** Stands in printed commands for a process substitution, which the shell has closed by then. */
const SUBSTITUTION = '<(...)';

/** Words of a command that is to be given again, as a shell takes them. */
export const commandAgain = (args: readonly string[]): string => args.map(wordAgain).join(' ');

function wordAgain(word: string): string {
  const [, option = '', value = word] = /^(--input=)(.*)$/s.exec(word) ?? [];
  return isSubstitution(value) ? option + SUBSTITUTION : shellWord(word);
}

/** What must be given again with a command, because it is there once only; null where nothing is. */
export function streamsAgain(inputs: readonly string[]): string | null {
  const ways = new Set(inputs.flatMap((input) => wayOf(input) ?? []));
  return ways.size === 0 ? null : `The input is read once: give the stream again, ${[...ways].join(', and ')}.`;
}

function wayOf(input: string): string | null {
  if (isSubstitution(input)) return `with the command that writes it in the place of ${SUBSTITUTION}`;
  if (isStdin(input)) return 'with `COMMAND |` before it';
  return pipeOf(input) === null ? null : `with something that writes ${shellWord(input)}`;
}
