import { mkdirSync, writeFileSync } from 'node:fs';
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
});
