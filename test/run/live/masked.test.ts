import { join } from 'node:path';
import { annotate, dedup, drop, pii, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { exportRun } from '../../../src/run/live/export-run.ts';
import { writeCorpus } from '../../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';

const text = 'The gate of the old mill is open again, and whoever wants to see it may write to the miller. ';
const made = (steps: Parameters<typeof recipe>[0]['steps']) => recipe({ name: 'private', steps });

describe('a page to be sent', () => {
  it('holds no value that the recipe masks: of kept documents, of those dropped before, of copies', async () => {
    const folder = await temporaryFolder();
    const documents = [
      { id: 'kept', text: `${text}Ask miller@mill.example.org for the key.` },
      { id: 'copy', text: `${text}Ask miller@mill.example.org for the key.` },
      { id: 'short', text: 'Ask smith@forge.example.org.' },
      { id: 'long', text: `${'far '.repeat(1022)}carter@road.example.org is behind the end of what is shown` },
      { id: 'edge', text: `${'far '.repeat(58)}weaver@loom.example.org` },
      { id: 'clean', text: `${text}${text}` },
    ].map((d) => ({ ...d, domain: 'web' }));
    await writeCorpus(join(folder, 'in'), documents, 1);
    const steps = [
      annotate(textStatistics(), { step: 'scores' }),
      drop('length', [rule('text_chars < 50', { name: 'short' }), rule('text_chars > 220', { name: 'long' })]),
      dedup.exact(),
    ];
    const input = [join(folder, 'in/*.jsonl')];
    const [masked, open] = [join(folder, 'masked'), join(folder, 'open')];
    await runToEnd(made([...steps, pii({ tokens: 'kind' })]), { input, output: masked });
    await runToEnd(made(steps), { input, output: open });
    const [page, other] = [await exportRun(masked), await exportRun(open)];
    for (const part of ['example.org', 'carter', 'weaver']) expect(page).not.toContain(part);
    expect(page).toContain('EMAIL');
    expect(page).toContain('The gate of the old mill is open again');
    expect(other).toContain('carter');
    expect(other).toContain('miller@mill.example.org');
    expect(other).toContain('smith@forge.example.org');
  });
});
