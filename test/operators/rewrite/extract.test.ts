import { join } from 'node:path';
import * as sluice from 'sluice';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { extract } from '../../../src/operators/rewrite/extract.ts';
import { stage } from '../../../src/operators/rewrite/extract-stage.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt, stringAt } from '../../../src/streams/batch/columns.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';
import { query } from '../../helpers/tables.ts';
import { gzipMembers, http, page, warcRecord } from '../../helpers/warc.ts';
import { fixture } from '../../streams/formats/read-all.ts';

const kernel = await loadKernel();
const apply = (operator: Operator, batch: DocumentBatch): DocumentBatch =>
  stage(operator.descriptor, { kernel, services: null, load: () => Promise.reject(new Error('none')) }).apply(
    batch,
  ) as DocumentBatch;

const SENTENCE =
  'The gate of the old mill was open, and the water of the river ran over it all day and all night long. ';
const HTML =
  '<!DOCTYPE html><html lang="en_GB"><head><title>Gates</title>' +
  '<link rel="canonical" href="http://mill.example/gates">' +
  '<meta property="article:published_time" content="2024-05-06T07:08:09Z"></head><body class="single-post">' +
  '<nav class="menu"><ul><li><a href="/">Home</a><li><a href="/about">About us</a></ul></nav>' +
  `<main><article><h1>Gates of the mill</h1>${`<p>${SENTENCE.repeat(3)}</p>`.repeat(4)}` +
  '<pre>open(gate)\n  .wait()</pre></article></main>' +
  '<footer class="site-footer"><p>Copyright 2024. All rights reserved.</p><a href="/privacy">Privacy</a></footer>' +
  '</html>';

describe('extract()', () => {
  it('drops a page of nothing but white space, and keeps a text that is no HTML', () => {
    const batch = apply(extract(), batchOf(['', ' \n\t \r\n', 'The gate.']));
    expect([0, 1, 2].map((i) => numberAt(batch.number('extract_chars'), i))).toEqual([0, 0, null]);
    expect([...batch.alive]).toEqual([0, 0, 1]);
    expect([0, 1].map((i) => batch.verdicts[0].rules[batch.verdicts[0].rule[i]].name)).toEqual([
      'extract_empty',
      'extract_empty',
    ]);
  });

  it('keeps the article, and says what the page says of itself', () => {
    const batch = apply(extract(), batchOf([HTML]));
    const text = batch.text(0);
    expect(text).toContain(`${SENTENCE.repeat(3).trim()}\n\n${SENTENCE.repeat(3).trim()}`);
    expect(text).toContain('open(gate)\n  .wait()');
    for (const gone of ['About us', 'Copyright', 'Privacy']) expect(text).not.toContain(gone);
    const of = (name: string) => stringAt(batch.utf8(`extract_${name}`), 0);
    expect(['method', 'title', 'date', 'language', 'url'].map(of)).toEqual([
      'precise',
      'Gates',
      '2024-05-06T07:08:09Z',
      'en-gb',
      'http://mill.example/gates',
    ]);
    expect(numberAt(batch.number('extract_chars'), 0)).toBe(text.replace(/\s/g, '').length);
    expect(batch.textVersion).toBe(1);
  });

  it('has one cut of the whole page in the ledger, with what stands in its place', () => {
    const batch = apply(extract({ mode: 'generous' }), batchOf([HTML, 'no HTML']));
    const { start, end, added, offsets, rules } = batch.cuts!;
    expect([...offsets]).toEqual([0, 1, 1]);
    expect([start[0], end[0], added![0], rules]).toEqual([
      0,
      Buffer.byteLength(HTML),
      Buffer.byteLength(batch.text(0)),
      ['extract_html'],
    ]);
    expect(batch.text(1)).toBe('no HTML');
    expect(stringAt(batch.utf8('extract_method'), 1)).toBeNull();
    expect([...batch.alive]).toEqual([1, 1]);
  });

  it('drops a page of which too little is left, which keeps its HTML', () => {
    const menu = '<html><nav><a href=x>Home</a></nav></html>';
    const batch = apply(extract({ mode: 'generous', minChars: 3 }), batchOf([menu, '<p>abc', '<p>ab']));
    expect([...batch.alive]).toEqual([0, 1, 0]);
    expect([batch.text(0), batch.text(1)]).toEqual([menu, 'abc']);
    expect(batch.verdicts[0].rules[batch.verdicts[0].rule[2]].name).toBe('extract_empty');
  });

  it('ignores facts that make no sense', () => {
    const hostile =
      '<html lang="<x>"><link rel=canonical href="javascript:alert(1)"><meta name=dc.date content="yesterday"><p>Text.';
    const batch = apply(extract({ mode: 'generous' }), batchOf([hostile]));
    for (const name of ['title', 'date', 'language', 'url'])
      expect([name, stringAt(batch.utf8(`extract_${name}`), 0)]).toEqual([name, null]);
  });
});

describe('from WARC to Parquet', () => {
  it('goes in one run, and counts what is passed over and what is damaged', async () => {
    const broken = warcRecord(page('broken', { id: '3', length: 4 }));
    const records = [
      warcRecord({ type: 'warcinfo', content: 'x', contentType: 'application/warc-fields' }),
      warcRecord({ content: http(HTML), url: 'http://mill.example/gates?utm=1', id: '1' }),
      broken,
      warcRecord({ content: http('\x89PNG', { 'Content-Type': 'image/png' }), id: '2' }),
    ];
    const output = join(await temporaryFolder(), 'out');
    const input = [fixture('crawl.warc.gz', gzipMembers(records))];
    const web = sluice.recipe({ name: 'web', steps: [sluice.extract()], sinks: [sluice.parquet()] });
    const { last } = await runToEnd(web, { input, output, workers: 1, allow: { quarantine: true } });
    if (last.type !== 'finished') throw new Error(last.type);
    const totals = last.result.totals!;
    expect(totals.passedOver).toEqual({ 'not HTML or text': 1, warcinfo: 1 });
    expect(totals.quarantined.byReason).toEqual({ invalid_warc: 1 });
    const rows = await query(
      `SELECT id, metadata, extract_title FROM '${output}/documents/*.parquet' WHERE text LIKE 'Gates of the mill%'`,
    );
    expect(rows.map((r) => [r.id, JSON.parse(String(r.metadata)).url, r.extract_title])).toEqual([
      ['<urn:uuid:1>', 'http://mill.example/gates?utm=1', 'Gates'],
    ]);
  });
});
