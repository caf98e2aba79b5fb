import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipe, tokens } from 'sluice';
import { afterAll } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import type { FeedStep } from '../../src/sinks/feed/source.ts';
import { runToEnd } from './run.ts';

/** JSON lines of three domains, `files` files of `documents` documents each. */
export function writeDomains(folder: string, files = 4, documents = 30): string {
  const random = seededRandom(7);
  for (const domain of ['code', 'news', 'web'])
    for (let f = 0; f < files; f++) {
      const lines = Array.from({ length: documents }, (_, i) =>
        JSON.stringify({ id: `${domain}${f}.${i}`, text: `${domain} ${f} ${i} `.repeat(1 + random.below(9)) }),
      );
      mkdirSync(join(folder, domain), { recursive: true });
      writeFileSync(join(folder, domain, `${f}.jsonl`), `${lines.join('\n')}\n`);
    }
  return folder;
}

export const tokensRecipe = () =>
  recipe({
    name: 'tokens',
    steps: [],
    read: { domainFrom: 'path' },
    sinks: [tokens({ tokenizer: 'bytes' })],
    splitBytes: 4096,
  });

let made: Promise<string> | null = null;
afterAll(async () => {
  if (made) rmSync(await made, { recursive: true, force: true });
});

/** A finished run with a store of tokens of three domains, `run` in a folder, of the files in `in`; run once a file. */
export async function tokenStore(folder: string): Promise<string> {
  made ??= (async () => {
    const own = mkdtempSync(join(tmpdir(), 'sluice-store-'));
    const input = [writeDomains(join(own, 'in'))];
    await runToEnd(tokensRecipe(), { input, output: join(own, 'run'), workers: 1 });
    return own;
  })();
  cpSync(await made, folder, { recursive: true, preserveTimestamps: true });
  return join(folder, 'run');
}

/** What identifies the sequences of a step, with its weights. */
export const shown = (steps: readonly FeedStep[], domains: readonly string[]): string[] =>
  steps.flatMap(({ step, sequences }) =>
    sequences.map((s) => `${step}.${s.slot} ${domains[s.domain]} ${s.epoch}.${s.index} ${s.ids.slice(0, 8).join()}`),
  );
