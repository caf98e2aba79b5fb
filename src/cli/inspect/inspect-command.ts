import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import { program } from '../program.ts';
import { shellWord } from '../terminal/format.ts';

/** The command that shows what is in an input; of a pipe, which has been read, with a placeholder. */
export function inspectCommand(
  inputs: readonly string[],
  { encoding, format }: Partial<Pick<ReadOptions, 'encoding' | 'format'>>,
): string {
  const input = inputs.find((i) => i !== '-');
  const files = input === undefined ? 'FILE' : shellWord(input);
  const flags = [
    ...(encoding === undefined ? [] : [`--encoding ${encoding}`]),
    ...(format === undefined || format === 'auto' ? [] : [`--format ${format}`]),
  ];
  return [`${program()} inspect ${files}`, ...flags].join(' ');
}
