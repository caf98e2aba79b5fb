import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const words = (text: string): string => text.replace(/\s+/g, ' ');

describe('a run that keeps nothing, or next to nothing', () => {
  const summary = (documents: readonly object[], ...more: string[]): Promise<string> => ended(0, documents, ...more);
  const ended = async (exit: number, documents: readonly object[], ...more: string[]): Promise<string> => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { documents: [] });
    await writeFile(join(cwd, 'data.jsonl'), jsonLines(documents));
    const { code, stdout } = await runCli(['run', 'recipe.ts', '--input', 'data.jsonl', ...more], { cwd });
    expect(code).toBe(exit);
    return words(stdout);
  };
  const short = Array.from({ length: 120 }, (_, i) => ({ id: `d${i}`, text: `short ${i}`, domain: 'books' }));
  const long = 'The mill stands by the river, and the wheel turns as long as there is water in the channel.';

  it('begins with a warning, the rule that took most, and what to do', async () => {
    expect(await summary(short)).toMatch(
      new RegExp(
        String.raw`^ Done, but nothing was kept: 0 of 120 documents \(0 %\), .* Most were dropped by min_chars ` +
          String.raw`\(step length, text_chars < 60\): 120 documents, 100 %\. See one: sluice explain ` +
          String.raw`sluice-out\/mine d0\. To drop fewer, change the threshold with --set ` +
          String.raw`length\.min_chars=NUMBER and write to another --output\. Every document has a row in the ` +
          'ledger',
      ),
    );
  });

  it('warns below the share that the guard of a run lets pass, and not above', async () => {
    const kept = (n: number) => Array.from({ length: n }, (_, i) => ({ text: `${i} ${long}`, domain: 'books' }));
    expect(await summary([...short, ...kept(2)])).toMatch(/^ Done, but almost nothing was kept: 2 of 122 documents /);
    expect(await summary([...short, ...kept(3)])).toMatch(/^ Done: kept 3 of 123 documents \(2\.4 %\), /);
  });

  it('says that records could not be read where that is the reason', async () => {
    const nameless = Array.from({ length: 10 }, (_, i) => ({ content: `${i} ${long}` }));
    expect(await ended(1, nameless)).toMatch(
      new RegExp(
        String.raw`^ Done, but nothing was kept: .* 10 records \(100 %\) could not be read as documents, ` +
          String.raw`mostly for this reason: missing_text\. Name the field that holds the text with ` +
          String.raw`--text-field; to list the fields: sluice inspect data\.jsonl`,
      ),
    );
    expect(await summary([])).toMatch(/^ Done, but nothing was read: 0 of 0 documents/);
  });

  it('ends with exit code 1 when no record could be read, again too, unless that is allowed', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { documents: Array.from({ length: 5 }, (_, i) => ({ content: `${i} ${long}` })) });
    const run = async (...more: string[]) => (await runCli(['run', 'recipe.ts', ...more], { cwd })).code;
    expect([await run(), await run(), await run('--json')]).toEqual([1, 1, 1]);
    expect(await run('--allow-quarantine')).toBe(0);
  });

  it('says that a sample took nothing, not that the files are empty', async () => {
    const text = await summary(short, '--sample', '0.0001%');
    expect(text).toMatch(
      /^ Done, but nothing was read: .* The sample of 0\.0001 % took none of the documents\. Take more with --sample, /,
    );
    expect(text).not.toContain('contain no documents');
    expect(text).toContain(' only a sample of 0.0001 % of the documents ');
    expect(await summary(short, '--limit', '7')).toContain(' only the first 7 documents ');
  });

  it('names the fields that options name and no record has, with the nearest that exists', async () => {
    const records = [{ text: long, title: 'a', source: 'books', date: '2020' }];
    const missing = (field: string, option: string, near: string): string =>
      `No record at the start of the input has the field ${field} (${option}). Did you mean ${near}?`;
    expect(await summary(records, '--id-field', 'titel', '--domain-from', 'field:sourc')).toContain(
      `note ${missing('titel', '--id-field', 'title')} ${missing('sourc', '--domain-from', 'source')}`.replace(
        '? No',
        '? note No',
      ),
    );
    expect(await ended(1, records, '--text-field', 'txt')).toContain(missing('txt', '--text-field', 'text'));
    const chat = [{ text: long, messages: [{ role: 'user', content: long }] }];
    expect(await ended(1, chat, '--text-field', 'messages.0.contnt')).toContain(
      missing('messages.0.contnt', '--text-field', 'messages.0.content'),
    );
    expect(await summary(chat, '--text-field', 'messages.0.content')).not.toContain('No record');
    expect(await summary(records, '--id-field', 'title')).not.toContain('No record');
  });

  it('ends well without a sink', async () => {
    const cwd = await temporaryFolder();
    const recipe =
      "import { dedup, recipe } from 'sluice';\nexport default recipe({ name: 'none', steps: " +
      '[dedup.exact()], sinks: [] });\n';
    await writeProject(cwd, { recipe, documents: [{ text: long }] });
    const { code, stdout, stderr } = await runCli(['run', 'recipe.ts', '--input', 'in'], { cwd });
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/error/i);
    expect(words(stdout)).toMatch(/^ Done: kept 1 of 1 document .* Next sluice sql sluice-out\/none /);
  });
});

it('the rows of the table of domains add up to the last one', async () => {
  const cwd = await temporaryFolder();
  await writeProject(cwd, { raw: '{"text": broken}\n' });
  const { stdout } = await runCli(['run', 'recipe.ts'], { cwd });
  const rows = [...stdout.matchAll(/^ {2}(web|books|\(quarantine\)|all) +(\d+) +(\d+) /gm)].map((m) => m.slice(1));
  expect(rows).toEqual([
    ['web', '4', '1'],
    ['books', '2', '1'],
    ['(quarantine)', '1', '0'],
    ['all', '7', '2'],
  ]);
});

describe('a where that no document matched', () => {
  const only = (step: string, where: string): string =>
    `drop('${step}', [rule('text_chars < 5')], { where: ${where} })`;
  const steps = [
    only('unmatched', "{ domain: ['Books', 'law'] }"),
    only('misspelt', "{ domain: ['wep'] }"),
    only('too', "{ domain: ['wep'] }"),
    only('matched', "{ domain: ['law', 'web'] }"),
    only('others', "{ domain: ['web', 'news'], not: true }"),
    only('law', "{ domain: ['law'], not: true }"),
  ];
  const recipe = `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'mine', steps: [annotate(textStatistics()), ${steps.join(', ')}] });
`;
  const summary = async (documents: readonly object[]): Promise<string> => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { recipe, documents });
    const { code, stdout } = await runCli(['run', 'recipe.ts', '--input', 'in/*.jsonl'], { cwd });
    expect(code).toBe(0);
    return words(stdout);
  };

  it('is said once, with its steps, and the name that was meant', async () => {
    const text = 'The mill stands by the river.';
    const said = await summary([
      { text, domain: 'web' },
      { text, domain: 'news' },
    ]);
    expect(said.split(' no match ').slice(1).join('|')).toMatch(
      new RegExp(
        String.raw`^no document read is in the scope \(where\) of step unmatched \(only Books, law\)\.\|no ` +
          String.raw`document read is in the scope \(where\) of steps misspelt, too \(only wep\)\. Did you mean ` +
          String.raw`web\?\|no document read is in the scope \(where\) of step others \(all but web, news\)\. ` +
          'pace ',
      ),
    );
  });

  it('is not said of an input without documents', async () => {
    expect(await summary([])).not.toContain('no match');
  });
});

it('states text and tokens kept as they were written, after cuts, in total and for each domain', async () => {
  const cwd = await temporaryFolder();
  const prose = (id: string): string =>
    ['river', 'road', 'hill']
      .map((w) => `Mill ${id} by the ${w} turns now. ${id} has a ${w} gate too. A ${w} like ${id} is wet.`)
      .join('\n');
  const record = (id: string, domain: string) =>
    JSON.stringify({ id, text: `${prose(id)}\nmenu without an end ${'x '.repeat(400)}`, domain });
  await writeFile(join(cwd, 'in.jsonl'), `${record('a', 'web')}\n${record('b', 'web')}\n${record('c', 'news')}\n`);
  // Three lines that say nearly the same: no language is told from them.
  const any = ['--set', 'other_language.min_score=0'];
  const { stdout, code } = await runCli(['run', 'c4', ...any, '--input', 'in.jsonl', '--output', 'out'], { cwd });
  expect(code).toBe(0);
  const query = 'SELECT domain, sum(octet_length(encode(text)))::INT AS n FROM documents GROUP BY ALL ORDER BY domain';
  const written = JSON.parse((await runCli(['sql', 'out', query, '--json'], { cwd })).stdout);
  const bytes = Buffer.byteLength(prose('a'));
  expect(written).toEqual([
    { domain: 'news', n: bytes },
    { domain: 'web', n: 2 * bytes },
  ]);
  expect(stdout).toMatch(new RegExp(String.raw`\n {2}news .* ${bytes} B +\d+ +${Math.round(bytes / 4)}\n`));
  expect(stdout).toMatch(new RegExp(String.raw`\n {2}web .* ${2 * bytes} B +\d+ +${Math.round(bytes / 2)}\n`));
  expect(stdout).toMatch(new RegExp(String.raw`\n {2}all .* ${3 * bytes} B `));
});

it('states tokens exactly where the recipe counts them, in the summary, the plan and of each document', async () => {
  const cwd = await temporaryFolder();
  const texts = ['The mill stands by the river.', 'The wheel turns at night, and the miller sleeps.', 'Grain.'];
  await writeProject(cwd, {
    recipe: `import { recipe, tokenize } from 'sluice';
export default recipe({ name: 'mine', steps: [tokenize({ tokenizer: 'bytes' })] });
`,
    documents: texts.map((text, i) => ({ id: `d${i}`, text, domain: i < 2 ? 'web' : 'news' })),
  });
  const args = ['recipe.ts', '--input', 'in/*.jsonl'];
  const plan = await runCli(['plan', ...args], { cwd });
  expect(words(plan.stdout)).toContain(' 1 tokenize counts tokens of bytes (tokenize@1) ');
  expect(words(plan.stdout)).toMatch(/ input about 3 documents, \S+ B of text, ≈ \S+ tokens of bytes /);
  const { code, stdout } = await runCli(['run', ...args, '--output', 'out'], { cwd });
  expect(code).toBe(0);
  expect(words(stdout)).toContain(' ≈ tokens → kept, exact ');
  const [web, news] = [texts[0].length + texts[1].length, texts[2].length];
  for (const [name, tokens] of [
    ['web', web],
    ['news', news],
    ['all', web + news],
  ])
    expect(stdout).toMatch(new RegExp(String.raw`\n {2}${name} .* ${tokens}\n`));
  const explained = await runCli(['explain', 'out', 'd2'], { cwd });
  expect(words(explained.stdout)).toContain(' · 6 tokens ');
});
