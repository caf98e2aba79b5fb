import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { annotate, jsonl, type Recipe, type RunJson, recipe, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { startCli } from '../helpers/cli.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { fixture, fixtureFolder, readAll } from '../streams/formats/read-all.ts';

const line = (record: object): string => `${JSON.stringify(record)}\n`;

describe('limits', () => {
  it('sets a line over --max-line aside, with its length, and reads on', async () => {
    const long = line({ text: 'x'.repeat(5000) });
    const { documents, quarantined } = await readAll(fixture('a.jsonl', `${long}${line({ text: 'short' })}`), {
      maxLineBytes: 2000,
    });
    expect(documents.map((d) => [d.text, d.offset])).toEqual([['short', long.length]]);
    expect(quarantined).toMatchObject([
      {
        reason: 'line_too_long',
        bytes: long.length - 1,
        detail: `expected a line of at most 2000 bytes, got ${long.length - 1}`,
      },
    ]);
  });

  it('reads 1,000 nested brackets and no more, wherever they are', async () => {
    const nested = (depth: number): string => `{"text":"t","n":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}\n`;
    const objects = `{"text":"t","n":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}\n`;
    const { documents, quarantined } = await readAll(
      fixture('a.jsonl', nested(1000) + nested(1001) + objects + nested(200_000)),
    );
    expect(documents.length).toBe(1);
    expect(quarantined.map((q) => [q.row, q.reason])).toEqual([
      [1, 'nested_too_deep'],
      [2, 'nested_too_deep'],
      [3, 'nested_too_deep'],
    ]);
  });

  it('reads names with newlines, spaces and 255 bytes, and passes over one that is not UTF-8', async () => {
    const folder = fixtureFolder();
    const names = ['a\nb.jsonl', ' c .jsonl', `${'n'.repeat(249)}.jsonl`, '..e.jsonl'.slice(1), 'ż“.jsonl'];
    for (const name of names) writeFileSync(join(folder, name), line({ text: name }));
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff, 0xfe]), Buffer.from('.jsonl')]),
      line({ text: 'lost' }),
    );
    const { documents, plan } = await readAll(folder);
    expect(documents.map((d) => d.file)).toEqual([' c .jsonl', 'a\nb.jsonl', `${'n'.repeat(249)}.jsonl`, 'ż“.jsonl']);
    expect(documents.every((d) => d.text === d.file && d.id === `${d.file}#0.0`)).toBe(true);
    expect(plan.skipped).toEqual([{ path: 'bad\ufffd\ufffd.jsonl', reason: 'its name is not UTF-8' }]);
  });

  it('does not look into archives', async () => {
    const folder = fixtureFolder();
    const zip = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0'), Buffer.from(line({ text: 'inside' }))]);
    const tar = Buffer.alloc(1024);
    tar.write('../../etc/passwd');
    tar.write(line({ text: 'inside' }), 512);
    writeFileSync(join(folder, 'a.zip'), zip);
    writeFileSync(join(folder, 'b.tar'), tar);
    const { documents, plan } = await readAll(folder);
    expect(documents).toEqual([]);
    expect(plan.skipped).toEqual([
      { path: 'a.zip', reason: 'zip archives are not read: unpack it with unzip FILE' },
      { path: 'b.tar', reason: 'tar archives are not read: unpack it with tar -xf FILE' },
    ]);
  });

  it('believes no size of a Parquet file that its rows do not bear out', async () => {
    const text = Array.from({ length: 10 }, (_, i) => `document ${i}`);
    const good = Buffer.from(
      parquetWriteBuffer({ columnData: [{ name: 'text', data: text, type: 'STRING' }], codec: 'UNCOMPRESSED' }),
    );
    expect((await readAll(fixture('a.parquet', good))).documents.length).toBe(10);
    const footer = good.readUInt32LE(good.length - 8);
    // Each byte of the footer as the beginning of a huge number, or of fields that are not there.
    for (let at = good.length - 8 - footer, odd = 0; at < good.length - 8; at += odd, odd = 1 - odd) {
      const bad = Buffer.from(good);
      bad.set((odd ? [0, 0, 0, 0] : [0xff, 0xff, 0xff, 0x7f]).slice(0, good.length - 8 - at), at);
      const { documents, quarantined } = await readAll(fixture('a.parquet', bad));
      expect(documents.length <= 10 && quarantined.length <= 11).toBe(true);
      expect(documents.length === 10 || quarantined.length > 0).toBe(true);
      for (const { bytes, block } of quarantined) expect(bytes >= 0 && block >= 0).toBe(true);
    }
  }, 60_000);
});

describe('names from data', () => {
  const steps = (): Recipe['steps'] => [annotate(textStatistics())];

  it('pollute nothing and lead nowhere', async () => {
    const folder = await temporaryFolder();
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '../../up', '/etc/passwd', 'a\0b', ''];
    const lines = names.flatMap((name) => [
      `{"id":${JSON.stringify(name)},"domain":${JSON.stringify(name)},"text":"one ${names.indexOf(name)}"}`,
      `{"text":"two","metadata":{"domain":${JSON.stringify(name)},"__proto__":{"polluted":1},"constructor":` +
        `{"prototype":{"polluted":1}}},"__proto__":{"polluted":1}}`,
    ]);
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in/a.jsonl'), lines.join('\n'));
    const { last } = await runToEnd(recipe({ name: 'names', steps: [...steps()] }), {
      input: [join(folder, 'in/*')],
      output: join(folder, 'out'),
      workers: 1,
    });
    const { totals } = (last as { result: RunJson }).result;
    expect(totals!.kept.documents).toBe(2 * names.length);
    expect(Object.keys(totals!.domains).sort()).toEqual([...names.slice(0, -1), 'a'].sort());
    expect(Object.getOwnPropertyDescriptor(totals!.domains, '__proto__')?.value.kept.documents).toBe(2);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await import('node:fs').then((fs) => fs.readdirSync(folder).sort())).toEqual(['in', 'out']);
  });

  it('stay data in SQL, also in the name of the run directory', async () => {
    const folder = await temporaryFolder();
    const domains = ["o'brien", 'a"; DROP TABLE ledger; --', '$1', "');", '\\'];
    writeFileSync(join(folder, 'a.jsonl'), domains.map((domain) => line({ text: 'one', domain })).join(''));
    const output = join(folder, `o'u"t; --{a,b}[c]*`);
    await runToEnd(recipe({ name: 'names', steps: [...steps()] }), {
      input: [join(folder, 'a.jsonl')],
      output,
      workers: 1,
    });
    const { stdout, code } = await startCli(['sql', output, '--json', 'SELECT domain FROM ledger ORDER BY "offset"'], {
      cwd: folder,
    }).done;
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { domain: string }[];
    expect(rows.map((r) => r.domain)).toEqual(domains);
  }, 30_000);

  it('are refused where they would name files: sinks, steps, recipes', () => {
    for (const name of ['../x', 'a/b', '..', '__proto__', '', 'x\0', 'a'.concat('\n')]) {
      expect(() => jsonl({ name })).toThrow(/expected name: a name of a-z/);
      expect(() => recipe({ name, steps: [...steps()] })).toThrow(/letters a-z|expected/);
      expect(() => recipe({ name: 'ok', steps: [annotate(textStatistics(), { step: name })] })).toThrow();
    }
  });
});
