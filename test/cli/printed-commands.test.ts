import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CliResult, runCli, said, startCli } from '../helpers/cli.ts';
import { jsonLines, madeDocuments } from '../helpers/corpus.ts';
import { waitingRecipe, writeProject } from '../helpers/recipes.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { paste } from '../helpers/shell.ts';

// Every command that a message prints as the way to go on is given to a shell as it stands there.

/** Commands on lines of their own, and at the ends of sentences, whose lines may be broken. */
function commandsIn({ stdout, stderr }: CliResult): string[] {
  const text = `${stdout}\n${stderr}`;
  const own = [...text.matchAll(/^ {2}((?:cd \S+ && )?sluice .*)$/gm)].map((m) => m[1]);
  const sentences = text.replace(/^ {2}(cd \S+ && )?sluice .*$/gm, '').replace(/\n(?!\n)\s*/g, ' ');
  const word = String.raw`(?:'[^']*'|"[^"]*"|[^\s'"]*[^\s'".])`;
  const inline = new RegExp(
    String.raw`(?:: |\. See: )(sluice [a-z-]+(?: ${word})+?)(?=\.? [A-Z\n]|\.?\s*$|\n|  )`,
    'g',
  );
  return [...own, ...[...sentences.matchAll(inline)].map((m) => m[1])];
}

/** Runs every command that was printed, and expects each to end with 0. */
async function pasteAll(printed: CliResult, cwd: string): Promise<string[]> {
  const commands = commandsIn(printed);
  for (const command of commands) {
    const { code, text } = await paste(command, cwd);
    expect({ command, code, text: code === 0 ? '' : text }).toEqual({ command, code: 0, text: '' });
  }
  return commands;
}

const verbs = (commands: readonly string[]): string[] => commands.map((c) => /sluice ([a-z-]+)/.exec(c)![1]);

describe('commands that are printed work as they stand', () => {
  it('after a run, and of its status', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    const run = await runCli(['run', 'recipe.ts', '--output', 'out put'], { cwd });
    expect(verbs(await pasteAll(run, cwd))).toEqual(['sql', 'explain', 'clusters', 'inspect']);
    const status = await runCli(['status', 'out put'], { cwd });
    expect(verbs(await pasteAll(status, cwd))).toEqual(['sql', 'inspect']);
  });

  it('of plan and inspect', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    const plan = await runCli(['plan', 'recipe.ts', '--set', 'length.min_chars=50', '--output', 'my out'], { cwd });
    expect(verbs(await pasteAll(plan, cwd))).toEqual(['run']);
    writeFileSync(join(cwd, 'odd name.jsonl'), jsonLines([{ body: 'A text in another field than usual.' }]));
    const inspect = await runCli(['inspect', 'odd name.jsonl'], { cwd });
    const [again] = await pasteAll(inspect, cwd);
    expect(again).toBe("sluice inspect 'odd name.jsonl' --text-field body");
    const seen = await runCli(['inspect', 'odd name.jsonl', '--text-field', 'body'], { cwd });
    expect(await pasteAll(seen, cwd)).toEqual(["sluice run quickstart --input 'odd name.jsonl' --text-field body"]);
  });

  it.each([
    ['too short', [{ text: 'short', id: 'a b' }], [], ['explain']],
    ['without a text', [{ content: 'one' }], ['--allow-quarantine'], ['inspect']],
    ['empty', [], [], ['inspect']],
    ['outside of the sample', [{ text: 'one' }], ['--sample', '0.001%'], ['inspect']],
  ] as const)('where nothing is kept, of input that is %s', async (_, documents, flags, expected) => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { documents: [] });
    writeFileSync(join(cwd, 'in put.jsonl'), documents.length > 0 ? jsonLines([...documents]) : '\n');
    const args = ['recipe.ts', '--input', 'in put.jsonl'];
    const printed = verbs(await pasteAll(await runCli(['run', ...args, ...flags], { cwd }), cwd));
    expect(printed).toEqual(expect.arrayContaining([...expected]));
    const plan = await runCli(['plan', ...args, '--output', 'other'], { cwd });
    expect(verbs(commandsIn(plan))).toContain('run');
  });

  it('after Ctrl-C, of the run and of its status, from any folder', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { recipe: waitingRecipe(), documents: madeDocuments(60) });
    const args = ['run', 'recipe.ts', '--workers', '1'];
    const { child, done } = startCli(args, { cwd, env: { WAIT: 'for ctrl-c' } });
    await said(child, 'in work');
    child.kill('SIGINT');
    const stopped = await done;
    expect(stopped.code).toBe(130);
    const elsewhere = await temporaryFolder();
    const status = await runCli(['status', join(cwd, 'sluice-out/slow')], { cwd: elsewhere });
    expect(commandsIn(status)).toEqual([`cd ${cwd} && sluice run recipe.ts --workers 1`]);
    const near = await runCli(['status', 'sluice-out/slow'], { cwd });
    expect(commandsIn(near)).toEqual(['sluice run recipe.ts --workers 1']);
    expect(commandsIn(stopped)).toEqual(commandsIn(near));
    const resumed = await paste(commandsIn(status)[0], elsewhere);
    expect(resumed).toMatchObject({ code: 0, text: expect.stringContaining('1 already done') });
    expect(await pasteAll(stopped, cwd)).toHaveLength(1);
  });

  it('after a guard has stopped a run, of its status', async () => {
    const cwd = await temporaryFolder();
    const short = Array.from({ length: 1200 }, (_, i) => ({ text: `short ${i}`, domain: 'books' }));
    await writeProject(cwd, { documents: short });
    const run = await runCli(['run', 'recipe.ts', '--set', 'length.min_chars=70'], { cwd });
    expect(run.code).toBe(3);
    const status = await runCli(['status', 'sluice-out/mine'], { cwd });
    const [command] = commandsIn(status);
    expect(command).toMatch(/^sluice run recipe\.ts --set length\.min_chars=70 --allow-(rule|drop-share) \S+$/);
    // It allows what it saw; the next guard is another matter, and its flag is added.
    const { code, text } = await paste(command, cwd);
    expect([0, 3], text).toContain(code);
    const next = code === 3 ? commandsIn(await runCli(['status', 'sluice-out/mine'], { cwd })) : [command];
    expect((await paste(next[0], cwd)).code).toBe(0);
  });

  it('where a model is not named yet, up to the run with it', async () => {
    const cwd = await temporaryFolder();
    for (const folder of ['clean', 'other']) {
      mkdirSync(join(cwd, folder));
      const documents = madeDocuments(80, folder === 'clean' ? 1 : 2);
      writeFileSync(join(cwd, folder, 'a.jsonl.gz'), gzipSync(jsonLines(documents)));
    }
    const unset = await runCli(['run', 'perplexity-ngram', '--input', 'other/*.jsonl.gz'], { cwd });
    expect(unset.code).toBe(2);
    const [train] = commandsIn(unset);
    expect(train).toMatch(/^sluice train-ngram /);
    const trained = await paste(train, cwd);
    expect(trained).toMatchObject({ code: 0 });
    const [run] = commandsIn({ code: 0, stdout: trained.text, stderr: '' });
    expect(run).toMatch(/^sluice run perplexity-ngram .*--set perplexity\.model=/);
    expect((await paste(run, cwd)).code).toBe(0);
  });
});

describe('a finished run', () => {
  it('that is given another shard size says that it is not used', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    await runCli(['run', 'recipe.ts'], { cwd });
    const args = ['run', 'recipe.ts', '--shard-size'];
    const other = await runCli([...args, '1MB'], { cwd });
    expect(other.code).toBe(0);
    expect(other.stdout.replace(/\s+/g, ' ')).toContain(
      'note --shard-size is not used: the shards are written already, for 268435456 bytes',
    );
    const same = await runCli([...args, '256MiB'], { cwd });
    expect(same.stdout).not.toContain('not used');
  });

  it('says that a file is one split at least, where that is more than the shard size asked for', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    const line = JSON.stringify({ text: 'The gate of the mill was open. '.repeat(20_000) });
    writeFileSync(join(cwd, 'long.jsonl'), `${line}\n${line}\n`);
    const args = ['run', 'recipe.ts', '--input', 'long.jsonl', '--annotate-only', '--output', 'long', '--shard-size'];
    const run = await runCli([...args, '1MB'], { cwd });
    expect(run.stdout.replace(/\s+/g, ' ')).toContain(
      'note --shard-size: an output file is at least one split, about 32 MB of text before compression',
    );
  });
});

describe('what a refusal advises works', () => {
  const RUN = ['run', 'recipe.ts', '--output', 'o'];

  it('where the output folder is not of a run, or lies in the input or around it', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    mkdirSync(join(cwd, 'o'));
    writeFileSync(join(cwd, 'o/mine.txt'), 'mine');
    for (const args of [RUN, [...RUN, '--fresh'], ['run', 'recipe.ts', '--input', 'o', '--output', 'o']]) {
      const refused = await runCli(args, { cwd });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/fix {7}Choose another folder with --output\./);
      expect(commandsIn(refused)).toEqual([]);
    }
    expect((await runCli(['run', 'recipe.ts', '--output', 'other', '--fresh'], { cwd })).code).toBe(0);
    // A folder in the input is another one too, and no input of its own.
    const args = ['run', 'recipe.ts', '--input', '.', '--output'];
    expect((await runCli([...args, 'in/o'], { cwd })).code).toBe(0);
    const inside = await runCli([...args, 'in/p'], { cwd });
    expect(inside.code).toBe(0);
    await pasteAll(inside, cwd);
  });

  it('where the output of a finished run is damaged, or is of another recipe', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    await runCli(RUN, { cwd });
    const part = join(cwd, 'o/documents/part-00000-of-00001.parquet');
    writeFileSync(part, readFileSync(part).subarray(0, -100));
    for (const args of [RUN, ['status', 'o'], ['sql', 'o', 'SELECT 1'], ['explain', 'o', 'short']]) {
      const refused = await runCli(args, { cwd });
      expect(refused.code, args.join(' ')).not.toBe(0);
      expect(refused.stderr).toContain('--fresh');
      expect(commandsIn(refused)).toEqual([]);
    }
    expect((await runCli([...RUN, '--fresh'], { cwd })).code).toBe(0);
    const other = await runCli([...RUN, '--text-field', 'id'], { cwd });
    expect(other.stderr).toContain('Run with --fresh to start over, or choose another folder with --output.');
    expect((await runCli([...RUN, '--text-field', 'id', '--fresh'], { cwd })).code).toBe(0);
  });

  it('of clusters, explain and sql, in a folder whose name needs quotes', async () => {
    const cwd = await temporaryFolder();
    const text = Array.from({ length: 60 }, (_, i) => `Line ${i} of a text that comes twice.`).join('\n');
    await writeProject(cwd, {
      documents: [
        { id: 'one', text, domain: 'books' },
        { id: 'two b', text: text.replaceAll('twice', 'TWICE'), domain: 'books' },
        { id: 'other', text: 'Another text, which has no copy of any kind in here.', domain: 'books' },
      ],
    });
    await runCli(['run', 'dedup', '--input', 'in', '--output', 'my out'], { cwd });
    const said = async (...args: string[]): Promise<string[]> => {
      const printed = await runCli([args[0], 'my out', ...args.slice(1)], { cwd });
      return pasteAll(printed, cwd);
    };
    expect(await said('clusters')).toEqual(["sluice clusters 'my out' one"]);
    expect(await said('explain', 'two b')).toEqual(["sluice clusters 'my out' 'two b' --full"]);
    expect(await said('clusters', 'nobody')).toEqual(["sluice clusters 'my out'"]);
    expect(await said('clusters', 'other')).toEqual(["sluice clusters 'my out'"]);
    expect(await said('sql', 'SELECT nothing FROM ledger')).toEqual(['sluice sql \'my out\' "DESCRIBE ledger"']);
    expect(await said('sql', 'DROP TABLE commits')).toEqual([
      'sluice sql \'my out\' --csv "SELECT * FROM documents" > file.csv',
    ]);
    expect(readFileSync(join(cwd, 'file.csv'), 'utf8')).toContain('one,');
  });

  it('where files are skipped: the way out of each packing and encoding, with the name of the file', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    const lines = jsonLines(madeDocuments(20));
    writeFileSync(join(cwd, 'a.jsonl'), lines);
    const have = (tool: string): boolean => spawnSync(tool, ['--version'], { input: '' }).error === undefined;
    if (have('xz')) spawnSync('xz', ['-k', 'a.jsonl'], { cwd });
    if (have('bzip2')) spawnSync('bzip2', ['-k', 'a.jsonl'], { cwd });
    writeFileSync(join(cwd, 'u.jsonl'), Buffer.from(`\ufeff${lines}`, 'utf16le'));
    const unread = ['a.jsonl.xz', 'a.jsonl.bz2', 'u.jsonl'].filter((f) => existsSync(join(cwd, f)));
    for (const file of unread) {
      const { stderr } = await runCli(['run', 'recipe.ts', '--input', file, '--output', 'no'], { cwd });
      const way = /((?:xz|bzip2) -dc FILE \| sluice run \.\.\. --input -|--encoding \S+|iconv[^)]*FILE)/.exec(
        stderr,
      )![1];
      const command = way.startsWith('--')
        ? `sluice run recipe.ts --input ${file} ${way.replace(/,$/, '')}`
        : way.replace('FILE', file).replace('run ...', 'run recipe.ts');
      const { code, text } = await paste(`${command} --output o-${file}`, cwd);
      expect({ command, code, text: code === 0 ? '' : text }).toEqual({ command, code: 0, text: '' });
      expect(text).toMatch(/ of 20 documents/);
    }
    expect(unread).toContain('u.jsonl');
  });

  it('where nothing is kept of a text in another encoding', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    writeFileSync(
      join(cwd, 'l.jsonl'),
      Buffer.from('{"body":"The mill, the river and the caf\xe9 beside it."}\n', 'latin1'),
    );
    const args = ['--input', 'l.jsonl', '--encoding', 'latin1'];
    const printed = await runCli(['run', 'recipe.ts', ...args, '--allow-quarantine'], { cwd });
    expect(await pasteAll(printed, cwd)).toContain('sluice inspect l.jsonl --encoding windows-1252');
    await pasteAll(await runCli(['inspect', 'l.jsonl', '--encoding', 'latin1'], { cwd }), cwd);
  });

  it('after Ctrl-C in a training', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(join(cwd, 'in'));
    writeFileSync(join(cwd, 'in/a.jsonl'), jsonLines(madeDocuments(300)));
    writeFileSync(
      join(cwd, 'small.ts'),
      `import { reference } from 'sluice';
const model = { width: 32, layers: 2, heads: 2, context: 64 };
const training = { tokens: 10240, rows: 4, evaluateEvery: 1000 };
export default reference({ name: 'small', input: ['in'], groupBy: 'text', model, training });
`,
    );
    const args = ['train-reference', 'small.ts', '--executor', 'onnxruntime-cpu', '--output', 'my model'];
    const { child, done } = startCli(args, { cwd });
    await said(child, 'tokens to train on');
    child.kill('SIGINT');
    const stopped = await done;
    expect(stopped.code).toBe(130);
    const commands = await pasteAll(stopped, cwd);
    expect(commands).toEqual(["sluice train-reference small.ts --executor onnxruntime-cpu --output 'my model'"]);
    // Finished, it says what to do with the model.
    await pasteAll(await runCli(args, { cwd }), cwd);
  });

  it('of feed and export, of runs without tokens and such that are not finished', async () => {
    const cwd = await temporaryFolder();
    const short = Array.from({ length: 1200 }, (_, i) => ({ text: `short ${i}`, domain: 'books' }));
    await writeProject(cwd, { documents: short });
    await runCli(['run', 'recipe.ts', '--annotate-only', '--output', 'my out'], { cwd });
    for (const command of ['feed', 'export']) {
      const flags = command === 'feed' ? [] : ['--to', 'nanogpt', '--output', 'x'];
      const refused = await runCli([command, 'my out', ...flags], { cwd });
      expect(refused.code).toBe(2);
      const make = `sluice run tokens --tokens bytes --input '${cwd}/my out' --output '${cwd}/my out-tokens'`;
      expect(await pasteAll(refused, cwd)).toEqual([make]);
    }
    // What it made is what the command asked for.
    const made = ['export', 'my out-tokens', '--to', 'nanogpt', '--output', 'x', '--val-share', '0'];
    expect(await pasteAll(await runCli(made, { cwd }), cwd)).toEqual([]);
    expect(existsSync(join(cwd, 'x/train.bin'))).toBe(true);
    const stopped = ['run', 'recipe.ts', '--tokens', 'bytes', '--output', 'half done'];
    expect((await runCli(stopped, { cwd })).code).toBe(3);
    const early = await runCli(['export', 'half done', '--to', 'nanogpt', '--output', 'y'], { cwd });
    expect(early.code).toBe(2);
    expect(await pasteAll(early, cwd)).toEqual([`sluice status '${cwd}/half done'`]);
  });

  it('of card, serve and eval', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    await runCli(['run', 'recipe.ts', '--output', 'my out'], { cwd });
    await runCli(['train-ngram', '--input', 'in', '--order', '3', '--output', 'm.ngram'], { cwd });
    for (const args of [
      ['card', 'my out'],
      ['serve', 'my out', '--export', 'page.html'],
      ['eval', 'm.ngram', '--input', 'in', '--output', 'measured'],
    ]) {
      const printed = await runCli(args, { cwd });
      expect({ args, code: printed.code, stderr: printed.stderr }).toEqual({ args, code: 0, stderr: '' });
      await pasteAll(printed, cwd);
    }
    // Every table of the card has its query.
    const card = readFileSync(join(cwd, 'my out/card.md'), 'utf8');
    const queries = [...card.matchAll(/```sql\n([\s\S]*?)\n```/g)].map((m) => m[1]);
    expect(queries.length).toBeGreaterThan(2);
    const asked = queries.map((query) => `sluice sql 'my out' '${query.replaceAll("'", String.raw`'\''`)}'`);
    for (const command of asked) expect(await paste(command, cwd)).toMatchObject({ code: 0 });
  });

  it('of what-if: the run with the other threshold', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    await runCli(['run', 'recipe.ts', '--output', 'out put'], { cwd });
    const whatIf = await runCli(['what-if', 'out put', '--set', 'length.min_chars=60'], { cwd });
    expect(verbs(await pasteAll(whatIf, cwd))).toEqual(['run']);
  });

  it('of a run on many nodes, from its plan to its end', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    const plan = await runCli(['plan', 'recipe.ts', '--nodes', '1', '--output', 'many nodes'], { cwd });
    expect(verbs(commandsIn(plan))).toEqual(['run', 'finish']);
    const asked = await runCli(['sql', 'many nodes', 'SELECT count(*) AS n FROM documents', '--json'], { cwd });
    expect(asked.stdout).toBe('[{"n":0}]\n');
    expect(asked.stderr).toContain('is not finished: no split of it is committed yet');
    expect(verbs(await pasteAll(asked, cwd))).toEqual(['status']);
    const early = await runCli(['what-if', 'many nodes', '--set', 'length.min_chars=60'], { cwd });
    expect(early.code).toBe(2);
    expect(early.stderr).toContain('Run its phases to the end');
    // As often as status says so.
    const pasted: string[] = [];
    for (let turn = 0; turn < 5 && !pasted.includes('finish'); turn++)
      pasted.push(...verbs(await pasteAll(await runCli(['status', 'many nodes'], { cwd }), cwd)));
    // Three phases: to the copies, the decision, from there on.
    expect(pasted).toEqual(['run', 'run', 'run', 'finish']);
    expect((await runCli(['status', 'many nodes'], { cwd })).stdout).toContain('done');
    const late = await runCli(['run', 'many nodes', '--shard', '0/1', '--phase', 'split-0'], { cwd });
    expect([late.code, late.stdout + late.stderr]).toEqual([
      0,
      expect.stringContaining('The run in many nodes is finished.'),
    ]);
  });
});
