import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { RECIPE, writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const words = (text: string): string => text.replace(/\s+/g, ' ');

describe('sluice plan', () => {
  it.each([
    ['dedup.paragraphs()', 9],
    ['dedup.substring()', 9],
    ["dedup.bloom({ key: 'paragraphs' })", 9],
    ['dedup.bloom()', 8],
    ['c4()', 15],
    ["decontaminate({ benchmarks: ['q.jsonl'], action: 'cut' })", 17],
    ["decontaminate({ benchmarks: ['q.jsonl'] })", 16],
  ])('counts the columns that a run of %s writes', async (step, columns) => {
    const cwd = await temporaryFolder();
    const recipe = `import { c4, decontaminate, dedup, recipe } from 'sluice';
export default recipe({ name: 'mine', input: ['in'], steps: [${step}] });`;
    await writeProject(cwd, { recipe });
    await writeFile(join(cwd, 'q.jsonl'), '{"question": "How many sacks of flour does the miller grind?"}\n');
    const planned = await runCli(['plan', 'recipe.ts', '--no-probe'], { cwd });
    expect(planned.stdout).toContain(`Columns of a kept document (${columns})\n`);
    expect((await runCli(['run', 'recipe.ts'], { cwd })).code).toBe(0);
    const written = await runCli(['sql', 'sluice-out/mine', '--csv', 'DESCRIBE documents'], { cwd });
    expect(written.stdout.trim().split('\n').length - 1).toBe(columns);
  });

  it('shows steps, rules and thresholds, tries a little, and writes nothing', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { raw: '{"text": broken}\n' });
    const { code, stdout } = await runCli(['plan', 'recipe.ts', '--set', 'web.min_lines=3', '--input', 'in'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        String.raw`\nSteps\n {3}1 exact_dedup {2}drops duplicates .*\n {3}2 scores {2}measures 19 columns ` +
          String.raw`\(text@1\)\n {3}3 length {2}drops a document when {2}\(--set length\.OPTION=NUMBER\)\n` +
          String.raw` {7}min_chars@1 {2}text_chars < 60 +min_chars\n`,
      ),
    );
    expect(stdout).toContain(
      '   4 web  (only domain web)  drops a document when  (--set web.OPTION=NUMBER)\n       min_lines@1  ' +
        'text_lines < 3  min_lines\n',
    );
    expect(words(stdout)).toMatch(
      / Estimate, from 7 documents \(\S+ B\) sampled at 1 place in the 1 file, .* on one thread speed /,
    );
    expect(stdout).toMatch(/\n {2}quarantine +about 1 document: invalid_json\n/);
    expect(stdout).toContain(
      [
        'Expected to be kept',
        '  Not counting exact_dedup, which a sample cannot simulate and which may drop more.',
        '  domain        ≈ documents  ≈ text    kept  95 % range',
        '  web                     4   403 B     0 %  exact, all was read',
        '  books                   2   164 B  50.0 %  exact, all was read',
        '  (quarantine)            1             0 %  could not be read',
        '  all                     7   567 B  14.3 %  exact, all was read',
        '',
        'Nothing was written. The run would write to sluice-out/mine (choose another folder with --output):',
        '  sluice run recipe.ts --set web.min_lines=3 --input in',
      ].join('\n'),
    );
    const facts = JSON.parse((await runCli(['plan', 'recipe.ts', '--input', 'in', '--json'], { cwd })).stdout);
    expect(facts).toMatchObject({
      recipe: 'mine',
      splits: 1,
      files: [{ path: 'part-000.jsonl', format: 'jsonl' }],
      probe: { documents: 7, places: 1, files: 1 },
      estimate: { scratchBytes: expect.any(Number), documents: 7 },
      expected: { quarantined: 1, domains: { books: { documents: 2, share: 0.5, low: 0.5, high: 0.5 } } },
      output: { state: 'free' },
    });
  });

  it.each([
    [
      '{"content": "one"}\n{"content": "two"}\n',
      { missing_text: 2 },
      'No estimate: none of 2 records sampled could be read as a document (missing_text 2). Name the field ' +
        'that holds the text with --text-field; to list the fields: sluice inspect in',
    ],
    [
      'nope\n{"content": "one"}\nnope\n',
      { invalid_json: 2, missing_text: 1 },
      'No estimate: none of 3 records sampled could be read as a document (invalid_json 2, missing_text ' +
        '1). Name the field that holds the text with --text-field; to list the fields: sluice inspect in',
    ],
    [
      'nope\n',
      { invalid_json: 1 },
      'No estimate: none of 1 record sampled could be read as a document (invalid_json 1). See: sluice inspect in',
    ],
    ['\n\n', {}, 'No estimate: the files contain no documents. See what is in them: sluice inspect in'],
  ])('says why it expects nothing of %j', async (raw, quarantined, said) => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { documents: [], raw });
    const { code, stdout } = await runCli(['plan', 'recipe.ts', '--input', 'in'], { cwd });
    expect(code).toBe(0);
    expect(words(stdout)).toContain(` ${said} Nothing was written. `);
    const facts = JSON.parse((await runCli(['plan', 'recipe.ts', '--input', 'in', '--json'], { cwd })).stdout);
    expect(facts).toMatchObject({ estimate: null, expected: null, probe: { quarantined } });
  });

  it('expects of a mix of files what a run keeps of it, however unlike they are in size', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { documents: [], recipe: RECIPE.replace('  splitBytes: 4096,\n', '') });
    // A large file of documents that are kept, one of a tenth of it with more, but short ones.
    const line = 'The mill stands by the river, and its wheel turns while there is water in the channel. ';
    const large = Array.from({ length: 6000 }, (_, i) => ({ text: `${i} ${line.repeat(10)}`, domain: 'books' }));
    const small = Array.from({ length: 12000 }, (_, i) => ({ text: `${i} too short`, domain: 'noise' }));
    await mkdir(join(cwd, 'mix'));
    await writeFile(join(cwd, 'mix/small.jsonl'), jsonLines(small));
    await writeFile(join(cwd, 'mix/large.jsonl'), jsonLines(large));
    const args = ['recipe.ts', '--input', 'mix'];
    const { expected } = JSON.parse((await runCli(['plan', ...args, '--json'], { cwd })).stdout);
    const run = await runCli(['run', ...args, '--allow-rule', 'min_chars'], { cwd });
    expect(run).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') });
    const { totals } = JSON.parse((await runCli(['status', 'sluice-out/mine', '--json'], { cwd })).stdout);
    const kept = totals.kept.documents / totals.read.documents;
    expect(kept).toBeCloseTo(1 / 3, 10);
    expect(expected.all.share).toBeCloseTo(kept, 1.7);
    expect(expected.all.documents / totals.read.documents).toBeCloseTo(1, 1.3);
    expect(expected.domains).toMatchObject({ books: { share: 1 }, noise: { share: 0 } });
    expect(expected.all.low).toBeLessThanOrEqual(kept);
    expect(expected.all.high).toBeGreaterThanOrEqual(kept);
  });

  it('tries a language model on a few documents, and says what a selection does', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'data.jsonl'), '{"text": "A document."}\n{"text": ""}\n{"text": "And another one."}\n');
    const { stdout } = await runCli(['plan', 'perplexity', '--input', 'data.jsonl', '--set', 'length.min_chars=1'], {
      cwd,
    });
    expect(words(stdout)).toMatch(/ \d select drops by rank \([^)]*\); decides after reading the whole input /);
    expect(words(stdout)).toMatch(
      new RegExp(
        String.raw` time about \S+ m?s, if \d+ cores? (?:is|are) free of which perplexity \S+ m?s: ` +
          String.raw`scores all text at \S+ k?B\/s per model ` +
          String.raw`worker \(\d+\), measured on 2 documents \(27 B\) `,
      ),
    );
    expect(words(stdout)).toContain(' buckets writes ppl_bucket by rank ');
    expect(words(stdout)).toContain(
      ' Expected to be kept Not counting exact_dedup, select, which a sample cannot simulate and which may ' +
        'drop more. Not counting steps that depend on perplexity. ',
    );
    expect(stdout).not.toContain('undefined');
    const { estimate } = JSON.parse(
      (await runCli(['plan', 'perplexity', '--input', 'data.jsonl', '--set', 'length.min_chars=1', '--json'], { cwd }))
        .stdout,
    );
    expect(estimate.models).toMatchObject([{ step: 'perplexity', documents: 2, textBytes: 27, share: 1 }]);
    expect(estimate.seconds).toBeGreaterThan(estimate.models[0].seconds);
    // The default of --memory, and what Node and the code take.
    expect(estimate.memoryBytes).toBe(256 * 2 ** 20 + 200e6);
  });

  it('says why a language model cannot run here', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'data.jsonl'), '{"text": "A document."}\n');
    const env = { ...process.env, SLUICE_EXECUTOR: 'onnxruntime' };
    const { code, stdout } = await runCli(['plan', 'perplexity', '--input', 'data.jsonl'], { cwd, env });
    expect(code).toBe(0);
    expect(words(stdout)).toMatch(
      / without perplexity, which cannot run here: expected an executor: auto, .*, got 'onnxruntime'/,
    );
  });

  it('with --sample plans for that share of the documents', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'data.jsonl'),
      jsonLines(Array.from({ length: 200 }, (_, i) => ({ text: `Document ${i}.` }))),
    );
    const { stdout } = await runCli(['plan', 'quickstart', '--input', 'data.jsonl', '--sample', '10%'], { cwd });
    expect(words(stdout)).toMatch(/ input about 20 documents, 249 B of text, .*: 10.0 % of what is read /);
    const wrong = await runCli(['plan', 'quickstart', '--input', 'data.jsonl', '--sample', '0'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("got       '0'") });
  });
});

describe('sluice plan --limit', () => {
  it('plans for the first documents, as run takes them', async () => {
    const cwd = await temporaryFolder();
    const line = 'The mill stands by the river, and its wheel turns while there is water in the channel.';
    const books = Array.from({ length: 100 }, (_, i) => ({ id: `b${i}`, text: `${i} ${line}`, domain: 'books' }));
    const noise = Array.from({ length: 100 }, (_, i) => ({ id: `n${i}`, text: `${i}`, domain: 'noise' }));
    await writeProject(cwd, { documents: books });
    await writeFile(join(cwd, 'in/part-001.jsonl'), `{"text": broken}\n${jsonLines(noise)}`);
    const planned = async (...more: string[]) => {
      const { stdout } = await runCli(['plan', 'recipe.ts', ...more, '--json'], { cwd });
      const { expected, estimate, probe } = JSON.parse(stdout);
      const rows = Object.entries(expected.domains as Record<string, { documents: number; share: number }>);
      const domains = rows.map(([name, { documents, share }]) => [name, documents, share]);
      return { domains, quarantined: expected.quarantined, documents: estimate.documents, tried: probe.documents };
    };
    expect(await planned('--limit', '40', '--input', 'in/part-000.jsonl')).toEqual({
      domains: [['books', 40, 1]],
      quarantined: 0,
      documents: 40,
      tried: 40,
    });
    // The record that cannot be read counts, as it does for run.
    const across = [
      ['books', 100, 1],
      ['noise', 9, 0],
    ];
    expect(await planned('--limit', '110')).toEqual({ domains: across, quarantined: 1, documents: 110, tried: 110 });
    const args = ['recipe.ts', '--limit', '110', '--output', 'few'];
    expect((await runCli(['run', ...args], { cwd })).code).toBe(0);
    const { totals } = JSON.parse((await runCli(['status', 'few', '--json'], { cwd })).stdout);
    expect(totals.domains).toMatchObject({ books: { read: { documents: 100 } }, noise: { read: { documents: 9 } } });
    const { stdout } = await runCli(['plan', ...args], { cwd });
    expect(words(stdout)).toMatch(
      / with 1 worker time .* input about 110 documents, .* tokens: the first 110 documents /,
    );
    expect(words(stdout)).toContain(' few holds this run, finished ');
    expect((await planned('--limit', '80', '--sample', '50%')).documents).toBeCloseTo(80, 6);
    const all = await runCli(['plan', 'recipe.ts', '--limit', '1_000'], { cwd });
    expect(words(all.stdout)).toMatch(/ input about 201 documents, \S+ kB of text, ≈ 2.0 k tokens top rules /);
    const wrong = await runCli(['plan', 'recipe.ts', '--limit', '0'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("got       '0'") });
  });
});

describe('sluice plan says what run would do with what lies in the output folder:', () => {
  let cwd: string;
  const plan = async (...more: string[]) => {
    const args = ['plan', 'recipe.ts', '--no-probe', ...more];
    return JSON.parse((await runCli([...args, '--json'], { cwd })).stdout).output;
  };
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'sluice-plan-'));
    await writeProject(cwd);
    expect((await runCli(['run', 'recipe.ts'], { cwd })).code).toBe(0);
  });

  afterAll(() => rm(cwd, { recursive: true, force: true }));

  it('nothing, after a finished run', async () => {
    expect((await plan()).state).toBe('done');
    expect(words((await runCli(['plan', 'recipe.ts', '--no-probe'], { cwd })).stdout)).toMatch(
      new RegExp(
        String.raw`Nothing was written\. sluice-out\/mine holds this run, finished \S+Z; run would only print ` +
          String.raw`its summary again\. Use --fresh to delete it and start over, or choose another --output\. $`,
      ),
    );
  });

  it('refuse, with another recipe or a limit in the run that is there', async () => {
    const { state, means } = await plan('--set', 'length.min_chars=10');
    expect(state).toBe('other');
    expect(means).toMatch(
      new RegExp(
        String.raw`sluice-out\/mine holds another run, so run would refuse to resume it: expected the recipe ` +
          String.raw`this run was started with, got a different one: recipe\.\S+ was 60, is 10\. Use --fresh`,
      ),
    );
    expect((await runCli(['run', 'recipe.ts', '--limit', '3', '--output', 'few'], { cwd })).code).toBe(0);
    expect((await plan('--output', 'few')).means).toContain('got a different one: --limit was 3, is not given.');
  });

  it('refuse, with other input or a folder of somebody else', async () => {
    await mkdir(join(cwd, 'other'));
    await writeFile(join(cwd, 'other/more.jsonl'), '{"text": "More."}\n');
    const { state, means } = await plan('--input', 'other');
    expect(state).toBe('other');
    expect(means).toContain('expected the input this run was started with (1 files, ');
    expect(await plan('--output', 'in')).toMatchObject({
      state: 'foreign',
      means: expect.stringContaining(
        'in is a folder with other files (part-000.jsonl); run would refuse to write there.',
      ),
    });
  });

  it('go on, after one that was cut off', async () => {
    const own = await temporaryFolder();
    await writeProject(own);
    expect((await runCli(['run', 'recipe.ts'], { cwd: own })).code).toBe(0);
    const run = join(own, 'sluice-out/mine/run.json');
    const json = JSON.parse(await readFile(run, 'utf8'));
    await writeFile(run, JSON.stringify({ ...json, status: 'running', finishedAt: null, totals: null }));
    const commits = join(own, 'sluice-out/mine/commits.jsonl');
    const [first] = (await readFile(commits, 'utf8')).split('\n');
    await writeFile(commits, `${first}\n`);
    const { stdout } = await runCli(['plan', 'recipe.ts', '--no-probe'], { cwd: own });
    expect(words(stdout)).toMatch(
      new RegExp(
        String.raw`sluice-out\/mine holds an unfinished run, started \S+Z; run would resume it with 1 of 2 ` +
          String.raw`splits already done: sluice run recipe\.ts $`,
      ),
    );
  });
});
