import { describe, expect, it } from 'vitest';
import { runReadme } from '../../src/sinks/readme.ts';

describe('readme of a run', () => {
  it('names what load_dataset opens', () => {
    const text = runReadme({
      name: 'fineweb',
      description: 'Web text.',
      sinks: [
        { name: 'documents', folder: 'documents', kind: 'jsonl', extension: 'jsonl.zst' },
        { name: 'ledger', folder: 'ledger', kind: 'parquet', extension: 'parquet' },
      ],
      totals: [['documents kept', '1,234']],
    });
    expect(text.slice(0, text.indexOf('tags:'))).toBe(
      [
        '---',
        'configs:',
        '  - config_name: "documents"',
        '    default: true',
        '    data_files:',
        '      - split: train',
        '        path: "documents/part-*.jsonl.zst"',
        '',
      ].join('\n'),
    );
    expect(text).toContain('# fineweb\n\nWeb text.\n');
    expect(text).toContain('| documents kept | 1,234 |');
    // datasets takes one builder for a folder, that of the first sink: the ledger by name would be read as JSON.
    // "." is refused.
    expect(text).toContain('documents = load_dataset(run, "documents", split="train")');
    expect(text).toContain('ledger = load_dataset(run + "/ledger", split="train")\n');
  });

  it('cannot be broken by names', () => {
    const text = runReadme({
      name: 'a\n---\n# <script>alert(1)</script> | `x` [y](z)',
      sinks: [{ name: 'we"ird\n---', folder: 'sinks/a: b', kind: 'parquet', extension: 'parquet' }],
      totals: [['a|b', '<img>']],
    });
    expect(text.split('\n').filter((l) => l === '---').length).toBe(2);
    expect(text).toContain('  - config_name: "we\\"ird\\n---"\n');
    expect(text).toContain('path: "sinks/a: b/part-*.parquet"');
    expect(text).toContain('# a --- \\# \\<script\\>alert\\(1\\)\\</script\\> \\| \\`x\\` \\[y\\]\\(z\\)\n');
    expect(text).toContain('| a\\|b | \\<img\\> |');
  });
});
