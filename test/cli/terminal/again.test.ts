import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandAgain, streamsAgain } from '../../../src/cli/terminal/again.ts';
import { temporaryFolder } from '../../helpers/run.ts';

it('a command that is to be given again has a place for what only the shell can open', () => {
  const args = ['recipe.ts', '--input', 'a b.jsonl', '--input', '/dev/fd/63', '--input=/proc/self/fd/12'];
  expect(commandAgain(args)).toBe("recipe.ts --input 'a b.jsonl' --input <(...) --input=<(...)");
  expect(commandAgain(['--input', '/dev/fd/0', '-'])).toBe('--input /dev/fd/0 -');
});

it.skipIf(process.platform === 'win32')('says which streams must be given again', async () => {
  const fifo = join(await temporaryFolder(), 'queue');
  execFileSync('mkfifo', [fifo]);
  expect(streamsAgain(['a.jsonl', 'in/*.gz', 'https://host/a.jsonl'])).toBeNull();
  expect(streamsAgain(['/dev/fd/63', '/dev/fd/62'])).toBe(
    'The input is read once: give the stream again, with the command that writes it in the place of <(...).',
  );
  expect(streamsAgain(['-', fifo])).toBe(
    'The input is read once: give the stream again, with `COMMAND |` before it, ' +
      `and with something that writes ${fifo}.`,
  );
});
