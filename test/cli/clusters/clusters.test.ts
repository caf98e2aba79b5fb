import { appendFileSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from '../../helpers/cli.ts';
import { writeProject } from '../../helpers/recipes.ts';

let cwd: string;
const ask = (...args: string[]): Promise<CliResult> => runCli(args, { cwd });

const RECIPE = `import { dedup, recipe } from 'sluice';
export default recipe({ name: 'mine', input: ['in/*.jsonl'], steps: [dedup.normalized(), dedup.minhash()] });
`;
const words = (name: string): string => Array.from({ length: 60 }, (_, i) => `${name}${i}`).join(' ');
const DOCUMENTS = [
  { id: 'first', text: words('a') },
  { id: 'near', text: words('a').replace('a30', 'CHANGED \u001b[31mand') },
  { id: 'same', text: words('a').toUpperCase() },
  { id: 'alone', text: words('b') },
].map((d) => ({ ...d, domain: 'web' }));

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  await writeProject(cwd, { documents: DOCUMENTS, recipe: RECIPE });
  expect(await ask('run', 'recipe.ts')).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('sluice clusters', { timeout: 60_000 }, () => {
  it('shows sizes and the largest clusters of every step', async () => {
    const { stdout, code } = await ask('clusters', 'sluice-out/mine');
    expect(code).toBe(0);
    expect(stdout).toContain('normalized_dedup  1 cluster, 1 duplicate dropped (exact_normalized_duplicate 1)');
    expect(stdout).toContain('minhash_dedup  1 cluster, 1 duplicate dropped (near_duplicate 1)');
    expect(stdout).toMatch(/^ {8}2 {2}first {10}0\.8226 {2}a0 a1 a2/m);
    const json = JSON.parse((await ask('clusters', 'sluice-out/mine', '--json')).stdout);
    expect(json.steps[1]).toMatchObject({
      step: 'minhash_dedup',
      dropped: 1,
      sizes: [{ from: 2, to: 2, clusters: 1, documents: 2 }],
      // 56 and 57 shingles; the change is in 5 of the one and 6 of the other.
      largest: [{ id: 'first', documents: 2, leastSimilarity: 51 / 62 }],
    });
  });

  it('shows what differs, from the input, and lets nothing act on the terminal', async () => {
    const { stdout } = await ask('clusters', 'sluice-out/mine', 'near');
    expect(stdout).toContain('first (part-000.jsonl#0.0)');
    expect(stdout).toContain('near_duplicate, similarity 0.8226');
    expect(stdout).toContain('full texts, re-read from the input');
    expect(stdout).toContain('a29 [-a30-] {+CHANGED \\e[31mand+} a31');
    expect(stdout).not.toContain('\u001b');
    const other = await ask('clusters', 'sluice-out/mine', 'near', '--pair', 'alone');
    expect(other.stdout).toContain('which is not a duplicate of it');
    const explained = await ask('explain', 'sluice-out/mine', 'near');
    expect(explained.stdout).toContain('near duplicate of first (part-000.jsonl#0.0), similarity 0.8226');
    expect(explained.stdout).toContain('[-a30-] {+CHANGED \\e[31mand+}');
  });

  it('says what it cannot do, and what to do', async () => {
    expect(await ask('clusters', 'sluice-out/mine', 'alone')).toMatchObject({ code: 2 });
    expect((await ask('clusters', 'sluice-out/mine', 'nobody')).stderr).toContain('id or position');
    expect((await ask('clusters', 'sluice-out/mine', '--pair', 'near')).stderr).toContain('an id before --pair');
  });

  it('falls back to the excerpts when the input has changed, and says so', async () => {
    appendFileSync(join(cwd, 'in/part-000.jsonl'), '\n');
    const { stdout } = await ask('clusters', 'sluice-out/mine', 'near');
    expect(stdout).toContain('only the first 240 bytes, from the ledger: the input file has changed since the run');
    expect(stdout).toContain('{+CHANGED');
  });
});
