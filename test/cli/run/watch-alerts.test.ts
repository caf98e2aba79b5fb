import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const RECIPE = `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({
  name: 'shards',
  input: ['in/*.jsonl'],
  splitBytes: 65536,
  steps: [
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 30', { name: 'min_chars' })]),
  ],
});
`;

/** Eight files of 1,500 documents, of which one in ten is short; in the sixth two in three. */
async function project(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  for (let f = 0; f < 8; f++) {
    const docs = Array.from({ length: 1500 }, (_, i) => ({
      id: `${f}-${i}`,
      text: (f === 5 ? i % 3 > 0 : i % 10 === 0) ? `short ${i}` : `This text of document ${i} is long enough.`,
    }));
    await writeFile(join(folder, `in/part-${f}.jsonl`), jsonLines(docs));
  }
  await writeFile(join(folder, 'recipe.ts'), RECIPE);
  return folder;
}

describe('alerts of a run', () => {
  it('name the bad file, go to the webhook once, and decide the exit code', async () => {
    const cwd = await project();
    const got: { run: { name: string }; alert: { type: string; of: string; from: string; to: string } }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      got.push(JSON.parse(body));
      response.end();
    });
    await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok));
    const { port } = server.address() as AddressInfo;
    const args = ['run', 'recipe.ts', '--workers', '1', '--alert-webhook', `http://127.0.0.1:${port}/hook`];
    const { code, stderr } = await runCli([...args, '--fail-on-alert'], { cwd });
    await new Promise((ok) => server.close(ok));
    expect(code).toBe(4);
    expect(got.map(({ run, alert }) => [run.name, alert.type, alert.of, alert.from])).toEqual([
      ['shards', 'drift', 'length.min_chars', expect.stringMatching(/^part-5\.jsonl#0\.\d+$/)],
    ]);
    expect(stderr).toMatch(/Alert: In part-5\.jsonl, from 0\.\d+ on, length\.min_chars drops \d/);
  });

  it('say once that nobody listens, and the run goes on', async () => {
    const cwd = await project();
    const args = ['run', 'recipe.ts', '--workers', '1', '--alert-webhook', 'http://127.0.0.1:9/'];
    const { code, stderr } = await runCli(args, { cwd });
    expect(code).toBe(0);
    expect(stderr.match(/The alert webhook failed/g)).toHaveLength(1);
    const wrong = await runCli(['run', 'recipe.ts', '--alert-webhook', 'here'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('an address that begins with http') });
  });
});
