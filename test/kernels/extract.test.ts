import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXTRACT_MODES, type ExtractMode } from '../../src/kernels/extract.ts';
import { TAG_NAMES } from '../../src/kernels/html-tables.ts';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { extractPage } from '../../src/kernels/reference/html/extract.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

/** By the kernel, all pages in one batch. */
function byKernel(pages: readonly string[], mode: ExtractMode) {
  const { values, offsets } = utf8Column(pages);
  const got = kernel.extract(values, offsets, pages.length, new Uint8Array(pages.length).fill(1), mode);
  return pages.map((_, i) => ({
    text: Buffer.from(got.values.subarray(got.offsets[i], got.offsets[i + 1])).toString(),
    by: got.methods[i],
    blocks: got.blocks[i],
    kept: got.kept[i],
    chars: got.chars[i],
    facts: got.facts(i),
  }));
}

/** Equal to the byte, in every mode. */
function expectEqual(pages: readonly string[], modes: readonly ExtractMode[] = EXTRACT_MODES): void {
  for (const mode of modes) {
    const got = byKernel(pages, mode);
    pages.forEach((page, i) => {
      const { text, ...rest } = extractPage(Buffer.from(page), mode);
      const want = { text: Buffer.from(text).toString(), ...rest };
      expect(got[i], `${mode}: ${JSON.stringify(page.slice(0, 2000))}`).toEqual(want);
    });
  }
}

const generous = (page: string): string => byKernel([page], 'generous')[0].text;

describe('text', () => {
  it.each([
    ['paragraphs', '<p>One  <b>two</b>\n three.<p>Four<br>five', 'One two three.\n\nFour\nfive'],
    ['lists', '<ul><li>One<li>Two <i>and</i></ul><ol><li>Three</ol>', '- One\n- Two and\n\n- Three'],
    ['tables', '<table><tr><th>Gate<th>Height<tr><td>North<td>3 m</table>', 'Gate | Height\nNorth | 3 m'],
    ['code', '<pre>\nif (a &lt; b)\n    go();\n</pre><p>Then', 'if (a < b)\n    go();\n\nThen'],
    [
      'references',
      '<p>&lt;a&amp;b&gt; &#233;&#xE9;&eacute;&nbsp;x &copy 1 &notin; &#150; &#0;',
      '<a&b> ééé x © 1 ∉ – \ufffd',
    ],
    ['scripts', '<p>a<script>if (x < "</p>") y("<p>no")</script>b<style>p{}</style>c', 'a\n\nb\n\nc'],
    ['comments', '<p>a<!-- <p>no -- > --><!--> <p>b<!---->c<!-- --!>d', 'a\n\nbcd'],
    ['what is no tag', '<p>1 < 2 <3 </ x>a<?php no ?>b<!doctype x>c', '1 < 2 <3 abc'],
    ['attributes', `<p title="a>b" class='c>d' x=y/>e<p =>f`, 'e\n\nf'],
    ['menus', '<nav><a href=x>Home</a></nav><p>Text.<footer>Foot</footer>', 'Text.'],
    ['elements left open', '<div><p>a<div>b<table><tr><td>c</div>d<td>e</table>f', 'a\n\nb\n\nc\nd | e\n\nf'],
    ['nothing', '<html><body></body>', ''],
    ['no markup', 'One\n two', 'One two'],
    ['a tag that does not end', '<p>a<p class="b', 'a'],
  ])('%s', (_, page, text) => {
    expect(generous(page)).toBe(text);
    expectEqual([page]);
  });
});

describe('what a page says', () => {
  it('is found wherever it stands first', () => {
    const page =
      '<html lang=de><title>A &amp; B</title><meta property="og:title" content="C">' +
      '<link rel=canonical href="http://x/">' +
      '<script type="application/ld+json">{"@type":"x","datePublished" : "2024-05-06"}</script>' +
      '<meta name=DC.date content=2020-01-02><svg><title>no</title></svg>';
    const { facts } = byKernel([page], 'generous')[0];
    const of = (name: keyof typeof facts): string => page.slice(facts[name].start, facts[name].end);
    expect([of('language'), of('title'), of('openGraphTitle'), of('canonical'), of('linkedDate'), of('date')]).toEqual([
      'de',
      'A &amp; B',
      'C',
      'http://x/',
      '2024-05-06',
      '2020-01-02',
    ]);
    expectEqual([page]);
  });
});

describe('hostile pages', () => {
  it.each([
    ['tags nested 10,000 deep', `${'<div><b><ul><li>'.repeat(2500)}x${'</div>'.repeat(20000)}`],
    ['end tags of nothing', '</p></div></table></x-y>'.repeat(5000)],
    ['open tags and attributes', '<a <a <a b="'.repeat(3000)],
    ['ampersands', '&'.repeat(20000)],
    ['unended raw text', '<script><'.repeat(5000)],
    ['unended comments', '<!--<!-'.repeat(5000)],
    ['NULs and controls', '<p>\0a\u0001b\u007f<\0p>\0</p\0><p \0class=x>'],
  ])('%s: kernel and reference agree', (_, page) => {
    expectEqual([page]);
  });
});

describe('kernel and reference', () => {
  it('agree on pages of documentation', () => {
    const folder = corporaFolder();
    const path = `${folder}/crawl/doc_pages_html.jsonl.zst`;
    if (folder === null || !existsSync(path)) return;
    const lines = Buffer.from(decompress(readFileSync(path)))
      .toString()
      .trimEnd()
      .split('\n');
    const pages = lines
      .filter((_, i) => i % 5 === 0)
      .map((l) => {
        const record = JSON.parse(l) as { html?: string; text?: string };
        return record.html ?? record.text ?? '';
      });
    expect(pages.every((p) => p.includes('<'))).toBe(true);
    expectEqual(pages, ['best', 'union']);
  });

  it('agree on random markup', () => {
    const tag = fc.constantFrom(...TAG_NAMES.slice(1, -1), 'x-tag', 'b', 'H2', 'sCrIpT');
    const attribute = fc.constantFrom(
      '',
      ' class="nav main-content"',
      ' id=articleBody',
      ' class=postBody',
      ' hidden',
      ' aria-hidden=true',
      ' lang=fr',
      ' style="Display : none"',
      ' role=navigation',
      ' href="x"',
      ' name=dc.date content=2020',
      " x='>'",
      ' /',
      ' a"b=c',
    );
    const piece = fc.oneof(
      fc.tuple(tag, attribute).map(([t, a]) => `<${t}${a}>`),
      tag.map((t) => `</${t}>`),
      fc.constantFrom(
        'The gate of the mill was open, and the water ran over it all day. It did not stop until the evening.',
        'Copyright',
        'cookie policy',
        ' ',
        '\n',
        '\t',
        '&amp;',
        '&copy',
        '&#x41;',
        '&#xD800;',
        '&lt;p&gt;',
        'é',
        '漢字。',
        '<',
        '>',
        '"',
        '<!-- x -->',
        '<!--',
        '-->',
        '<!',
        '</',
        '1,234.5',
        '\u00a0',
        '\u200b',
        '😀',
        '\0',
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        expectEqual([pieces.join('').toWellFormed()]);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('do not read rows that are not asked for', () => {
    const { values, offsets } = utf8Column(['<p>a', '<p>b', '<p>c']);
    const got = kernel.extract(values, offsets, 3, Uint8Array.of(1, 0, 1), 'generous');
    expect([Buffer.from(got.values).toString(), ...got.offsets, ...got.blocks]).toEqual(['ac', 0, 1, 1, 2, 1, 0, 1]);
  });
});
