import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { annotate, c4, dedup, drop, recipe, rule, run, textStatistics } from 'sluice';
import { afterAll } from 'vitest';
import { serveRun } from '../../src/run/live/serve-run.ts';
import { type LiveServer, serveLive } from '../../src/sinks/live/server.ts';
import { jsonLines } from './corpus.ts';

const SENTENCES = [
  'The mill stands by the river.',
  'Its wheel turns as long as there is water in the channel.',
  'In winter the miller breaks the ice before the sun is up.',
  'Nobody in the village remembers who laid the first stone.',
];

/** A text of `n` sentences, the same for the same number. */
export const sentences = (n: number, seed: number): string =>
  Array.from({ length: n }, (_, i) => `${SENTENCES[(seed + i) % 4]} That was year ${seed}, and day ${i}.`).join('\n');

/** A text in which a line has no end of a sentence: C4 cuts it out. */
export const MENU = 'Home | About us | Contact';

export interface LiveDocument {
  readonly id: string;
  readonly text: string;
  readonly domain: string;
}

/** 240 documents of two domains: 40 short, 20 copies, 30 with a line that is cut, and those given. */
export function documents(more: readonly LiveDocument[] = []): LiveDocument[] {
  const made = Array.from({ length: 240 }, (_, i): LiveDocument => {
    const domain = i % 3 === 0 ? 'books' : 'web';
    const first = i - 11;
    if (i % 12 === 11) return { id: `copy-${i}`, domain, text: sentences(6 + (first % 5), first) };
    if (i % 6 === 1) return { id: `short-${i}`, domain, text: sentences(1, i) };
    const whole = sentences(6 + (i % 5), i);
    return { id: `doc-${i}`, domain, text: i % 8 === 2 ? whole.replace('\n', `\n${MENU}\n`) : whole };
  });
  return [...made, ...more];
}

export const liveRecipe = recipe({
  name: 'mill',
  splitBytes: 16_384,
  read: { domainFrom: 'field:domain' },
  steps: [
    dedup.exact(),
    c4({ minSentences: 1 }),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [
      rule('text_chars < 200', { name: 'min_chars' }),
      rule('text_chars > 100000', { name: 'max_chars' }),
    ]),
  ],
});

const folders: string[] = [];
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
  for (const f of folders.splice(0)) await rm(f, { recursive: true, force: true });
});

/** A run of these documents, done; returns its folder. */
export async function doneRun(docs: readonly LiveDocument[], raw = ''): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-live-'));
  folders.push(folder);
  await writeFile(join(folder, 'part-000.jsonl'), jsonLines(docs) + raw);
  const output = join(folder, 'out');
  const allow = { rule: ['length.min_chars'], cluster: ['exact_dedup'], dropShare: ['all'], quarantine: true };
  await lastValueFrom(run(liveRecipe, { input: [join(folder, 'part-000.jsonl')], output, allow }));
  return output;
}

/** The page of a run directory, until the tests of the file are done. */
export async function pageOf(folder: string): Promise<LiveServer> {
  const served = await serveRun(folder, (error) => {
    throw error;
  });
  const server = await serveLive(served.source);
  closing.push(async () => {
    await server.close();
    await served.close();
  });
  return server;
}
