import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/run.ts';

const COMMANDS = [
  'run',
  'plan',
  'finish',
  'slurm',
  'kubernetes',
  'ray',
  'feed',
  'export',
  'inspect',
  'sql',
  'explain',
  'what-if',
  'sample',
  'diff',
  'bias',
  'card',
  'train',
  'train-reference',
  'compare',
  'eval',
  'clusters',
  'serve',
  'status',
  'train-ngram',
  'mix',
  'doctor',
  'assets',
  'init',
];

describe('help', () => {
  it('lists every command, on no command as on --help', async () => {
    const cwd = await temporaryFolder();
    const [none, help, word] = await Promise.all([[], ['--help'], ['help']].map((args) => runCli(args, { cwd })));
    for (const name of COMMANDS) expect(help.stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
    expect(none).toEqual(help);
    expect(word).toEqual(help);
    expect(help).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(COMMANDS)('%s --help has usage and examples', async (name) => {
    const cwd = await temporaryFolder();
    const [option, word] = await Promise.all([runCli([name, '--help'], { cwd }), runCli(['help', name], { cwd })]);
    expect(option.stdout.startsWith(`sluice ${name}`)).toBe(true);
    expect(option.stdout).toMatch(/\nExamples\n {2}sluice |\nExamples\n {2}cat /);
    expect(option).toMatchObject({ code: 0, stderr: '' });
    expect(word).toEqual(option);
  });

  it('run --help lists the built-in recipes with their descriptions, and the events of --json', async () => {
    const { stdout } = await runCli(['run', '--help'], { cwd: await temporaryFolder() });
    expect(stdout).toMatch(/\nBuilt-in recipes\n[\s\S]*\n {2}quickstart +\S/);
    for (const event of ['planned', 'progress', 'commit', 'stopping', 'stopped', 'finished', 'error'])
      expect(stdout).toMatch(new RegExp(`^ {2}${event} `, 'm'));
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const { code, stdout } = await spawnCli(['--version'], { cwd: await temporaryFolder() });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` });
  });
});

describe('bad usage exits with 2 and says what was expected, what came and what to do', () => {
  it.each([
    [
      ['rnu'],
      `  expected  a command (${COMMANDS.join(', ')})\n  got       'rnu'\n  fix       Did you mean sluice run?`,
    ],
    [['help', 'explian'], "  got       'explian'\n  fix       Did you mean sluice explain?"],
    [
      ['run', 'quickstart', '--imput', 'x'],
      'error  sluice run\n  expected  an option of sluice run\n  got       --imput\n  fix       Did you mean --input?',
    ],
    [['run', 'quickstart', '--input'], '  expected  --input GLOB\n  got       --input without a value'],
    [['run', 'quickstart', '--input', '--fresh'], '  got       --input --fresh'],
    [['run', 'quickstart', '--fresh=yes'], "  expected  --fresh without a value\n  got       'yes'"],
    [['run'], '  expected  sluice run <recipe>\n  got       nothing'],
    [
      ['run', 'quickstart', 'a.jsonl', 'b.jsonl'],
      "  expected  sluice run <recipe>\n  got       also 'a.jsonl'\n  fix       Quote globs",
    ],
    [['run', 'quikstart', '--input', 'x'], "  got       'quikstart'\n  fix       Did you mean quickstart?"],
    [['run', 'nowhere/recipe.ts'], '  expected  an existing recipe file\n'],
    [['run', 'quickstart'], '  expected  something to read\n  got       no input\n'],
    [
      ['run', 'quickstart', '--input', 'nothing-here'],
      '  expected  an existing file or folder, a glob, or - for standard input\n  got       nothing-here',
    ],
    [
      ['run', 'quickstart', '--input', '*.none'],
      '  expected  at least one file to read\n  got       none that matches *.none',
    ],
    [
      ['run', 'quickstart', '--input', 'empty'],
      '  got       none in the folder empty\n  fix       Name a folder or a glob',
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--limit', 'many'],
      "error  --limit\n  expected  a whole number, 1 or more\n  got       'many'",
    ],
    [['run', 'quickstart', '--input', 'x', '--limit', '-5'], "  got       '-5'"],
    [
      ['run', 'quickstart', '--input', 'x', '--sample', '120%'],
      "error  --sample\n  expected  a percentage above 0 and up to 100, such as 5%\n  got       '120%'",
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--memory', 'lots'],
      "error  --memory\n  expected  a size such as 256MB, 1GB or 512MiB\n  got       'lots'",
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--domain-from', 'url'],
      "error  --domain-from\n  expected  auto, path, kind, field:<name> or constant:<name>\n  got       'url'",
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--set', 'gopher_qualty.min_words=3'],
      '  got       gopher_qualty\n  fix       Did you mean gopher_quality?',
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--set', 'gopher_quality.min_word=3'],
      '  got       min_word\n  fix       Did you mean min_words?',
    ],
    [
      ['run', 'quickstart', '--input', 'x', '--set', 'min_words'],
      "  expected  step.option=value\n  got       'min_words'",
    ],
    [['plan', 'quickstart', '--input', '-'], '  got       standard input, which can be read only once'],
    [
      ['sql', 'nowhere', 'select 1'],
      '  expected  a run directory: a folder with a run.json\n  got       a path that does not exist',
    ],
    [['explain', '.', 'x'], '  got       a folder without one'],
    [
      ['inspect', 'x', '--format', 'xlsx'],
      "error  --format\n  expected  auto, jsonl, json, csv, text, parquet, arrow or warc\n  got       'xlsx'",
    ],
  ])('sluice %j', async (args, message) => {
    const cwd = await temporaryFolder();
    await mkdir(join(cwd, 'empty'));
    const { code, stdout, stderr } = await runCli(args, { cwd });
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('prints a stack only with SLUICE_DEBUG', async () => {
    const { code, stderr } = await spawnCli(['rnu'], { cwd: await temporaryFolder(), env: { SLUICE_DEBUG: '1' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/\nConfigError: sluice: expected a command[\s\S]*\n {4}at /);
  });
});

describe('recipes that come with Sluice', () => {
  it('are named to the command that can use them', async () => {
    const cwd = await temporaryFolder();
    const curates = await runCli(['run', 'nothing-like-it', '--input', 'x'], { cwd });
    const trains = await runCli(['train-reference', 'nothing-like-it'], { cwd });
    const named = ({ stderr }: { stderr: string }) =>
      /a built-in recipe \(([^)]*)\)/.exec(stderr.replace(/\s+/g, ' '))?.[1].split(', ');
    expect(named(curates)).toEqual(expect.arrayContaining(['c4', 'perplexity', 'quickstart']));
    expect(named(curates)).not.toContain('reference');
    expect(named(trains)).toEqual(['reference']);
  });

  it('tell which command they are for', async () => {
    const { code, stderr } = await runCli(['run', 'reference', '--input', 'x'], { cwd: await temporaryFolder() });
    expect(code).toBe(2);
    expect(stderr).toContain(
      'got       one that trains a reference model\n  fix       Run it with: sluice train-reference reference',
    );
  });
});

describe('an output that is not ours', () => {
  it.each([[[]], [['--fresh']]])('is refused when it is a file, and left as it is %j', async (more) => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'notes.txt'), 'mine');
    await writeFile(join(cwd, 'data.jsonl'), '{"text": "A document."}\n');
    const args = ['run', 'quickstart', '--input', 'data.jsonl', '--output', 'notes.txt', ...more];
    const { code, stderr } = await runCli(args, { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('expected  an empty or new output folder, or one of an earlier run\n  got       a file\n');
    expect(await readFile(join(cwd, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

describe('proposed commands', () => {
  it('begin with npx where npx or a script of a package has started us', async () => {
    const cwd = await temporaryFolder();
    const env = { npm_command: 'exec' };
    const made = await runCli(['init'], { cwd, env });
    expect(made.stdout).toContain("\n  npx sluice run recipe.ts --input 'data/*.jsonl.gz'\n");
    const wrong = await runCli(['run'], { cwd, env });
    expect(wrong.stderr).toContain('fix       See: npx sluice run --help\n');
    const absent = await runCli(['run', 'mine.ts'], { cwd, env });
    expect(absent.stderr).toContain('`npx sluice init` writes a recipe to start from.');
    expect((await runCli(['run'], { cwd })).stderr).toContain('fix       See: sluice run --help\n');
  });

  it('long lines of the help are broken between words, below their column', async () => {
    const { stdout } = await runCli(['run', '--help'], { cwd: await temporaryFolder() });
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(stdout).toMatch(/\n {2}c4 {2,}The line and page rules of C4: .*\n {20}\S/);
  });
});
