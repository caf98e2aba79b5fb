import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../../helpers/cli.ts';
import { generator, prose, writeCorpus } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { storeEnvironment } from '../../helpers/stores/environment.ts';
import { s3Server } from '../../helpers/stores/s3-server.ts';

const RECIPE = `import { annotate, dedup, drop, parquet, recipe, rule, textStatistics, tokenize, tokens } from 'sluice';
export default recipe({
  name: 'walk',
  splitBytes: 8192,
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    tokenize({ tokenizer: 'bytes' }),
  ],
  sinks: [parquet(), tokens({ tokenizer: 'bytes' })],
});
`;

/** What a command ends with, and a part of what it prints. */
type Ends = readonly [code: number, said: string];

/** Each command before a run on many nodes is finished (some documents are decided), and after it is. */
const COMMANDS: readonly (readonly [args: string, before: Ends, after: Ends])[] = [
  ['status RUN', [0, 'split-1'], [0, ': done']],
  ['status RUN --steps', [0, 'exact_dedup'], [0, 'exact_dedup']],
  ['status RUN --verify', [0, 'are as they were committed'], [0, 'are as they were committed']],
  ['sql RUN "SELECT count(*) AS n FROM ledger"', [0, 'of the 40 documents read so far'], [0, '40']],
  ['sql RUN "SELECT count(*) AS n FROM documents"', [0, 'of the 40 documents read so far'], [0, '(1 row)']],
  ['sql RUN "SELECT count(*) AS n FROM shadow_rules"', [0, 'of the 40 documents read so far'], [0, '(1 row)']],
  ['sample RUN -n 2 --text', [0, 'of the 40 documents read so far'], [0, 'dropped by']],
  ['explain RUN d35', [0, 'exact_duplicate'], [0, 'exact_duplicate']],
  ['explain RUN d0', [2, 'the document may come later'], [0, 'd0']],
  ['clusters RUN', [0, 'exact_duplicate'], [0, 'exact_duplicate']],
  ['what-if RUN --set length.min_chars=150', [2, 'Run its phases to the end'], [0, 'min_chars']],
  ['bias RUN', [2, 'Run its phases to the end'], [0, 'exact_duplicate']],
  ['card RUN', [2, 'sluice finish RUN ends it'], [0, 'card.html']],
  ['diff RUN one', [0, 'of the 40 documents read so far'], [0, 'The same recipe']],
  ['export RUN --to nanogpt --output OUT', [2, ''], [0, 'Exported']],
  ['serve RUN --export OUT.html', [0, 'Page'], [0, 'Page']],
  ['run --recut RUN --output OUT --set length.min_chars=150', [2, 'sluice finish RUN ends it'], [0, 'Done']],
  ['inspect RUN', [2, 'not finished'], [0, 'Fields of']],
  ['run recipe.ts --input in --output RUN', [2, 'planned for many nodes'], [0, 'Already done']],
  ['run recipe.ts --shard 0/2 --output RUN --input other', [2, 'Leave --input out'], [0, 'is finished']],
  ['run RUN --redo 9', [2, 'a logical shard of this run'], [2, 'a run that is not finished']],
];
/** Where a run in a store takes another way than one in a folder. */
const IN_A_STORE: Readonly<Record<string, Ends>> = {
  'serve RUN --export OUT.html': [2, 'Until then: sluice status RUN'],
};

const words = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, a, b]) => a ?? b);

describe.each(['many', 's3://bucket/runs/many'])('on a run on many nodes in %s', { timeout: 180_000 }, (run) => {
  it('each command works, or says by name what to do instead, before and after the end', async () => {
    const cwd = await temporaryFolder();
    storeEnvironment((await s3Server()).env);
    writeFileSync(join(cwd, 'recipe.ts'), RECIPE);
    const random = generator(4);
    const texts = Array.from({ length: 34 }, (_, i) => prose(random, i % 3 === 0 ? 12 : 60));
    const documents = Array.from({ length: 40 }, (_, i) => ({
      id: `d${i}`,
      text: texts[i < 34 ? i : i - 30],
      metadata: { domain: i % 2 ? 'web' : 'code' },
    }));
    await writeCorpus(join(cwd, 'in'), documents, 2);
    const must = async (line: string): Promise<void> => {
      const { code, stderr } = await runCli(words(line), { cwd });
      expect([line, code, code === 0 ? '' : stderr]).toEqual([line, 0, '']);
    };
    let outputs = 0;
    const walk = async (ends: (command: (typeof COMMANDS)[number]) => Ends): Promise<void> => {
      for (const command of COMMANDS) {
        const [code, said] = ends(command);
        const at = (text: string): string => text.replace('RUN', run);
        const args = words(command[0]).map((w) => at(w).replace('OUT', `out-${outputs++}`));
        const found = await runCli(args, { cwd });
        expect([args.join(' '), found.code, found.stdout + found.stderr]).toEqual([
          args.join(' '),
          code,
          expect.stringContaining(at(said)),
        ]);
      }
    };
    await must('run recipe.ts --input in --output one');
    await must(`plan recipe.ts --input in --output ${run} --nodes 2`);
    for (const part of ['--phase split-0', '--phase decide-0', '--shard 0/2']) await must(`run ${run} ${part}`);
    await walk(([line, before]) => (run.startsWith('s3:') ? IN_A_STORE[line] : undefined) ?? before);
    await must(`run ${run} --wait`);
    // Everything is decided, and nothing is joined yet.
    await must(`what-if ${run} --set length.min_chars=150`);
    await must(`bias ${run}`);
    await must(`finish ${run}`);
    await walk(([, , after]) => after);
  });

  it('serve and feed work once it is finished', async () => {
    const cwd = await temporaryFolder();
    const server = await s3Server();
    storeEnvironment(server.env);
    writeFileSync(join(cwd, 'recipe.ts'), RECIPE);
    const random = generator(4);
    await writeCorpus(
      join(cwd, 'in'),
      Array.from({ length: 20 }, (_, i) => ({ id: `d${i}`, text: prose(random, 60) })),
    );
    const must = async (line: string): Promise<string> => {
      const { code, stdout, stderr } = await runCli(words(line), { cwd });
      expect([line, code, code === 0 ? '' : stderr]).toEqual([line, 0, '']);
      return stdout;
    };
    await must(`plan recipe.ts --input in --output ${run} --nodes 2`);
    const early = await runCli(['feed', run, '--port', '0'], { cwd });
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('not')]);
    await must(`run ${run} --wait`);
    await must(`finish ${run}`);
    for (const args of [
      ['serve', run, '--port', '0'],
      ['feed', run, '--port', '0', '--context', '64', '--batch', '2'],
    ]) {
      const { child, done } = startCli(args, { cwd });
      const url = await new Promise<string>((found, fail) => {
        let said = '';
        child.stdout!.on('data', (d: string) => {
          said += d;
          const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
          if (address) found(address);
        });
        child.on('close', () => fail(new Error(said)));
      });
      const answer = await fetch(args[0] === 'serve' ? `${url}/api/state` : `${url}/`);
      expect([args[0], answer.status < 500]).toEqual([args[0], true]);
      child.kill('SIGTERM');
      await done;
    }
    // The state of a feed lies beside what it feeds from.
    if (run.startsWith('s3:'))
      expect([...server.objects.keys()].some((k) => k.startsWith('bucket/runs/many/feed/'))).toBe(true);
  });
});

it('run --wait --finish ends the run with the process of part 0', async () => {
  const cwd = await temporaryFolder();
  writeFileSync(join(cwd, 'recipe.ts'), RECIPE);
  const random = generator(4);
  await writeCorpus(
    join(cwd, 'in'),
    Array.from({ length: 20 }, (_, i) => ({ id: `d${i}`, text: prose(random, 60) })),
  );
  const ends = async (...args: string[]) => runCli(args, { cwd });
  await ends('plan', 'recipe.ts', '--input', 'in', '--output', 'many', '--nodes', '2');
  const alone = await ends('run', 'many', '--shard', '0/2', '--finish');
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--finish together with --wait')]);
  const phase = await ends('run', 'many', '--shard', '0/2', '--wait', '--finish', '--phase', 'split-0');
  expect([phase.code, phase.stderr]).toEqual([2, expect.stringContaining('--finish with --phase split-0')]);
  const one = await ends('run', 'recipe.ts', '--input', 'in', '--output', 'one', '--finish');
  expect([one.code, one.stderr]).toEqual([2, expect.stringContaining('--finish without --shard')]);
  const both = await Promise.all(
    ['0/2', '1/2'].map((part) => startCli(['run', 'many', '--shard', part, '--wait', '--finish'], { cwd }).done),
  );
  expect(both.map((b) => [b.code, b.stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(both[0].stdout).toContain('Done: kept');
  expect((await ends('status', 'many')).stdout).toContain(': done');
  expect(existsSync(join(cwd, 'many/tasks'))).toBe(false);
  await ends('plan', 'recipe.ts', '--input', 'in', '--output', 'told', '--nodes', '1');
  const told = await ends('run', 'told', '--wait', '--finish', '--json');
  const events = told.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(events.at(-1)).toMatchObject({ type: 'finished', result: { status: 'done' } });
});
