import { beforeAll, describe, expect, it } from 'vitest';
import type { Histogram } from '../../../src/ledger/live/histogram.ts';
import { type RunAnswers, runAnswers } from '../../../src/run/live/answers.ts';
import { documents, doneRun } from '../../helpers/live-run.ts';

describe('what the page asks of a run', () => {
  let answers: RunAnswers;
  beforeAll(async () => {
    const folder = await doneRun(documents());
    answers = runAnswers(() => folder);
  });
  const ask = (name: string, query = '') => answers.api[name](new URLSearchParams(query));

  it('is a histogram that counts every document that was read', async () => {
    const h = (await ask('histogram', 'column=text_chars&bins=20')) as Histogram;
    const sum = (n: readonly number[]): number => n.reduce((a, b) => a + b, 0);
    // Copies end before the step that measures.
    expect([sum(h.kept), sum(h.other), h.nulls, h.below + h.above]).toEqual([180, 40, 20, 0]);
    expect(h.edges).toHaveLength(h.kept.length + 1);
    expect(h.rules.map((r) => [r.rule, r.threshold])).toEqual([
      ['min_chars', 200],
      ['max_chars', 100_000],
    ]);
    expect(h.rules.map((r) => r.outside)).toEqual([0, 0]);
    const zoomed = (await ask('histogram', `column=text_chars&bins=10&from=0&to=199`)) as Histogram;
    expect([sum(zoomed.kept), sum(zoomed.other), zoomed.above]).toEqual([0, 40, 180]);
    await expect(ask('histogram', 'column=text_char')).rejects.toThrow('an annotation of this run that is a number');
  });

  it('is what other thresholds would keep, with rules that interact', async () => {
    const found = (await ask('what-if', 'set=length.min_chars:1')) as Record<string, never>;
    expect(found).toMatchObject({
      exact: true,
      total: { kept: { documents: 220 }, saved: { documents: 40 }, lost: { documents: 0 } },
      settings: ['length.min_chars=1'],
    });
    const off = (await ask('what-if', 'set=length.min_chars:off&set=length.max_chars:0')) as typeof found;
    expect(off).toMatchObject({ total: { kept: { documents: 0 }, lost: { documents: 180 } } });
    for (const set of ['length.min_chars:x', 'length.none:1', 'length.min_chars:'])
      await expect(ask('what-if', `set=${set}`)).rejects.toThrow('set');
  });

  it('answers questions that come at once, each its own', async () => {
    const all = await Promise.all([
      ask('documents', 'outcome=kept&most=3'),
      ask('documents', 'outcome=dropped&most=3'),
      ask('histogram', 'column=text_chars'),
      ask('document', 'id=short-1'),
      ask('what-if', 'set=length.min_chars:100'),
      ask('curves'),
    ]);
    expect(all[0]).toMatchObject({ documents: [{ outcome: 'kept' }, {}, {}], rows: 240 });
    expect(all[1]).toMatchObject({ documents: [{ outcome: 'dropped' }, {}, {}], rows: 240 });
    expect(all[3]).toMatchObject({ total: 1, document: { id: 'short-1', outcome: 'dropped' } });
  });

  it('says what is wrong with a question', async () => {
    await expect(ask('documents', 'most=many')).rejects.toThrow('a number');
    await expect(ask('documents', 'near=x')).rejects.toThrow('a rule of this run');
    await expect(ask('documents', 'rule=length.none')).rejects.toThrow('a rule of this run');
    await expect(ask('documents', 'outcome=keept')).rejects.toThrow('kept, dropped, quarantined');
    const known = await ask('documents', 'rule=length.min_chars&most=1');
    expect(known).toMatchObject({ documents: [{ outcome: 'dropped' }] });
    await expect(ask('rows', 'rows=1,x')).rejects.toThrow('numbers of rows');
    await expect(ask('curve', 'name=none')).rejects.toThrow('rate');
    await expect(ask('document', 'id=nothing')).rejects.toThrow('an id or a position');
    const none = runAnswers(() => null);
    await expect(none.api.documents(new URLSearchParams())).rejects.toThrow('has not begun');
  });
});
