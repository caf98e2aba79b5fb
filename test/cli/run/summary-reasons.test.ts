import { drop, gopherRepetitionRules } from 'sluice';
import { describe, expect, it } from 'vitest';
import { reasonLines } from '../../../src/cli/run/summary-reasons.ts';
import { styleFor, type Terminal } from '../../../src/cli/terminal/terminal.ts';
import { emptyCounters, ruleCounters } from '../../../src/streams/commits/counters.ts';

describe('reasons in a summary', () => {
  it.each([60, 80, 140])('fit %i columns, and never lose a threshold', (width) => {
    const { descriptor } = drop('repetition', gopherRepetitionRules());
    const terminal: Terminal = { out: () => {}, style: styleFor({ isTTY: false }), width };
    const t = emptyCounters();
    t.read.documents = 12_345;
    for (const r of descriptor.rules) {
      const counters = ruleCounters(r.threshold);
      counters.dropped = 1234;
      counters.examples.push({
        id: 'a-document-with-a-long-id-0123456789abcdef.html#0.123456789',
        domain: 'web',
        value: 0.123456789,
        excerpt:
          'A text of many words that goes on and on, beyond the end of any line of a terminal, wide as it may be.',
      });
      const reason = { step: 'repetition', rule: r.name, dropped: 1234, counters };
      const lines = reasonLines(terminal, reason, t, [descriptor]);
      expect(lines.filter((line) => line.endsWith(` > ${r.threshold}`))).toHaveLength(1);
      expect(lines.at(-1)).toContain('“A text of many');
      if (width >= 80) expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
  });
});
