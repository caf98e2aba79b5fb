import { program } from '../program.ts';
import { shellWord } from '../terminal/format.ts';

/** The command that shows what is in an input; of a pipe, which has been read, with a placeholder. */
export function inspectCommand(inputs: readonly string[]): string {
  const input = inputs.find((i) => i !== '-');
  return `${program()} inspect ${input === undefined ? 'FILE' : shellWord(input)}`;
}
