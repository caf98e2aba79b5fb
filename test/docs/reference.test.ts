import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referencePage } from '../../scripts/make/reference-page.ts';
import * as operators from '../../src/operators/index.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/reference.md', () => {
  it('is what the code says of itself', () => {
    // If not: npx tsx scripts/make/reference.ts
    expect(read('docs/reference.md')).toBe(referencePage(read));
  });

  it('has every set of rules, and every step of dedup and select', () => {
    const page = read('docs/reference.md');
    const names = [
      ...Object.keys(operators).filter((n) => /Rules$/.test(n)),
      ...Object.keys(operators.dedup).map((n) => `dedup.${n}`),
      ...Object.keys(operators.select)
        .filter((n) => n !== 'streaming')
        .map((n) => `select.${n}`),
    ];
    expect(names.filter((n) => !page.includes(`\n### ${n}()\n`))).toEqual([]);
    expect(page).toContain('| `gopher_min_words@1` | `gopher_word_count < 50` | `min_words` | passes |\n');
  });
});
