import { annotate, dedup, drop, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { ABSENT, KEPT, type LedgerColumns, type Values } from '../../../src/ledger/what-if/columns.ts';
import { ruleOverlap } from '../../../src/ledger/what-if/overlap.ts';
import { planOf } from '../../../src/ledger/what-if/plan.ts';
import { prepareWhatIf, redecide } from '../../../src/ledger/what-if/redecide.ts';
import { tally } from '../../../src/ledger/what-if/tally.ts';

const steps = [
  annotate(textStatistics(), { step: 'scores' }),
  drop('a', [rule('text_chars < 10', { name: 'short' }), rule('text_lines > 5', { name: 'tall' })]),
  drop('b', [rule('text_chars < 5', { name: 'shorter' })], { where: { domain: ['web'] } }),
].map((s) => s.descriptor);

const NULL = Number.NaN;

/** Seven documents; the last was never one. */
const columns: LedgerColumns = {
  rows: 7,
  domains: ['books', 'web'],
  domain: Uint16Array.of(0, 0, 1, 1, 1, 0, 0),
  stepOf: Int16Array.of(KEPT, 1, 1, 1, KEPT, KEPT, ABSENT),
  ruleOf: Int16Array.of(-1, 0, 0, 1, -1, -1, -1),
  bytes: Float64Array.of(100, 3, 4, 90, 80, 70, 0),
  tokens: Float64Array.of(25, 1, 1, 22, 20, NULL, NULL),
  values: new Map<string, Values>([
    ['text_chars', Float64Array.of(100, 3, 4, 90, 80, NULL, NULL)],
    ['text_lines', Int32Array.of(1, 9, 1, 9, 2, -(2 ** 31), -(2 ** 31))],
  ]),
  survivor: null,
  made: null,
};
const prepared = prepareWhatIf(columns, planOf(steps, columns.domains));

describe('ruleOverlap', () => {
  it('counts what each rule fails, first, alone, and with each other', () => {
    expect(ruleOverlap(prepared, prepared.before)).toEqual([
      { step: 'a', rule: 'short', judged: 6, failed: 2, first: 2, alone: 0, shared: [2, 1, 1] },
      { step: 'a', rule: 'tall', judged: 6, failed: 2, first: 1, alone: 1, shared: [1, 2, 0] },
      { step: 'b', rule: 'shorter', judged: 3, failed: 1, first: 0, alone: 0, shared: [1, 0, 1] },
    ]);
  });
});

describe('redecide', () => {
  it('lets a row that one rule lets pass fall by a later one, and counts by domain', () => {
    const result = tally(prepared, redecide(prepared, [{ step: 'a', rule: 'short', threshold: 4 }]));
    // The document of 4 characters passes the first rule now and falls by the one for the web.
    expect([...result.saved, ...result.lost]).toEqual([]);
    const off = tally(prepared, redecide(prepared, [{ step: 'a', rule: 'tall', threshold: null }]));
    expect([...off.saved]).toEqual([3]);
    expect(off.domains.map((d) => [d.domain, d.before.documents, d.kept.documents, d.kept.bytes])).toEqual([
      ['books', 2, 2, 170],
      ['web', 1, 2, 170],
    ]);
    expect(off.total).toMatchObject({
      read: { documents: 6, bytes: 347, tokens: 69 },
      before: { documents: 3, bytes: 250, tokens: 45 },
      kept: { documents: 4, bytes: 340, tokens: 67 },
      saved: { documents: 1, bytes: 90, tokens: 22 },
    });
    expect(off.exact).toBe(true);
  });

  it('keeps nulls as the rule says, and does not change what it was given', () => {
    const tight = redecide(prepared, [{ step: 'a', rule: 'short', threshold: 95 }]);
    expect([...tight.dropped]).toEqual([KEPT, 1, 1, 1, 1, KEPT, ABSENT]);
    expect([...prepared.before.dropped]).toEqual([...columns.stepOf]);
  });

  it('says where the columns contradict the ledger', () => {
    const wrong = { ...columns, stepOf: Int16Array.of(KEPT, KEPT, 1, 1, KEPT, KEPT, ABSENT) };
    const other = prepareWhatIf(wrong, planOf(steps, columns.domains));
    expect([...other.contradictions]).toEqual([['a', 1]]);
    expect(tally(other, other.before).exact).toBe(false);
  });
});

describe('a document that comes back before a step which removes copies', () => {
  it('is perhaps saved: among the open ones, and listed', () => {
    const own = [...steps.slice(0, 2), dedup.minhash().descriptor];
    const rows: LedgerColumns = {
      rows: 3,
      domains: ['books', 'web'],
      domain: Uint16Array.of(0, 1, 1),
      stepOf: Int16Array.of(KEPT, 1, 2),
      ruleOf: Int16Array.of(-1, 0, 0),
      bytes: Float64Array.of(100, 8, 90),
      tokens: Float64Array.of(25, 2, 22),
      values: new Map<string, Values>([
        ['text_chars', Float64Array.of(100, 8, 90)],
        ['text_lines', Int32Array.of(1, 1, 1)],
      ]),
      survivor: Int32Array.of(-1, -1, 0),
      made: null,
    };
    const ready = prepareWhatIf(rows, planOf(own, rows.domains));
    const found = tally(ready, redecide(ready, [{ step: 'a', rule: 'short', threshold: 8 }]));
    expect([[...found.perhaps], [...found.saved], [...found.lost], found.exact]).toEqual([[1], [], [], false]);
    expect(found.total).toMatchObject({
      kept: { documents: 1 },
      perhaps: { documents: 1, bytes: 8, tokens: 2 },
      open: { documents: 1 },
    });
    expect(found.domains.map((d) => d.perhaps.documents)).toEqual([0, 1]);
  });
});
