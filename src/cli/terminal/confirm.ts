import { createInterface } from 'node:readline/promises';

/** Asks on a terminal, where Enter is yes; true without asking where there is none. */
export async function confirmed(question: string): Promise<boolean> {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true || stderr.isTTY !== true) return true;
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    return !/^\s*n/i.test(await asking.question(`${question} [Y/n] `));
  } finally {
    asking.close();
  }
}
