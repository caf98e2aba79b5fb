import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../../src/ledger/live/alerts.ts';
import { DriftWatch, type SplitWindows } from '../../../src/ledger/live/drift-watch.ts';
import { seededRandom } from '../../../src/random.ts';

const RULES = ['q.short', 'q.long', 'rare.seldom'];

/** Two phases of `splits` splits, from three sources, with shares that change here and there. */
function splitsOf(seed: number, splits: number): SplitWindows[] {
  const random = seededRandom(seed, 'drift-watch');
  const hits = (n: number, share: number): number => {
    let sum = 0;
    for (let k = 0; k < n; k++) if (random.below(1000) < share * 1000) sum++;
    return sum;
  };
  return [0, 1].flatMap((phase) => {
    let share = 0.1;
    return Array.from({ length: splits }, (_, split) => {
      if (random.below(12) === 0) share = [0.1, 0.3, 0.7][random.below(3)];
      const windows = Array.from({ length: 1 + random.below(4) }, (_, i) => {
        const file = `${['web', 'books', 'code'][random.below(3)]}/part-${split}.jsonl`;
        const documents = random.below(9) === 0 ? 0 : 200 + random.below(300);
        const quarantined = random.below(7) === 0 ? random.below(share > 0.5 ? 300 : 5) : 0;
        const dropped = RULES.map((rule, k) => [
          rule,
          k === 2 && split < splits / 2 ? 0 : hits(documents, share / (k + 1)),
        ]);
        const told = Object.fromEntries(dropped.filter(([, n]) => n !== 0)) as Record<string, number>;
        return { from: `${file}#0.${i}`, to: file, documents, quarantined, dropped: told };
      });
      return { phase, split, windows };
    });
  });
}

/** As a directory is read: the last that was told of each split, in order. */
function allAtOnce(told: readonly SplitWindows[]) {
  const last = new Map(told.map((s) => [`${s.phase}/${s.split}`, s]));
  return alertsOf(
    [0, 1].map((phase) =>
      [...last.values()]
        .filter((s) => s.phase === phase)
        .sort((a, b) => a.split - b.split)
        .flatMap((s) => s.windows),
    ),
  );
}

describe('alerts of a run in work', () => {
  it('are those of all splits at once, after every split, in order and out of it', () => {
    let alerts = 0;
    for (let seed = 0; seed < 8; seed++) {
      const random = seededRandom(seed, 'order');
      const splits = splitsOf(seed, 40);
      const told: SplitWindows[] = [];
      let again = 0;
      const watch = new DriftWatch(() => {
        again++;
        return told;
      });
      while (splits.length > 0) {
        // Of the next few any; once in a while one is told again, with other windows.
        const [next] = splits.splice(random.below(Math.min(4, splits.length)), 1);
        const redone = random.below(40) === 0 ? told[random.below(Math.max(1, told.length))] : undefined;
        for (const one of redone ? [{ ...redone, windows: redone.windows.slice(1) }, next] : [next]) {
          watch.add(one);
          told.push(one);
          const { alerts } = watch;
          if (!watch.isBehind) expect(alerts).toEqual(allAtOnce(told));
        }
      }
      watch.settle();
      expect(watch.isBehind).toBe(false);
      expect(watch.alerts).toEqual(allAtOnce(told));
      alerts += watch.alerts.length;
      expect(again).toBeLessThan(8);
    }
    expect(alerts).toBeGreaterThan(30);
  });

  it('are those of the splits that come, where a run works on every fifth only', () => {
    const splits = splitsOf(3, 400).filter((s) => s.split % 5 === 2);
    const watch = new DriftWatch(() => {
      throw new Error('nothing comes late');
    });
    for (const s of splits) watch.add(s);
    expect(watch.alerts).toEqual(allAtOnce(splits));
    expect(watch.alerts.length).toBeGreaterThan(0);
  });

  it('read all splits again a few times only, where most come late', () => {
    const splits = splitsOf(7, 400).reverse();
    const told: SplitWindows[] = [];
    let again = 0;
    const watch = new DriftWatch(() => {
      again++;
      return told;
    });
    for (const one of splits) {
      watch.add(one);
      told.push(one);
      expect(watch.alerts.length).toBeGreaterThanOrEqual(0);
    }
    watch.settle();
    expect(watch.alerts).toEqual(allAtOnce(told));
    expect(watch.alerts.length).toBeGreaterThan(0);
    // Each time a sixteenth more than the last: from 33 to 800 splits, and a few before.
    expect(again).toBeLessThan(80);
  });

  it('begin with the splits of earlier starts, in any order and some told twice, without reading them again', () => {
    const splits = splitsOf(3, 100);
    const told = [...splits, ...splits.slice(20, 60).map((s) => ({ ...s, windows: s.windows.slice(1) }))].reverse();
    const watch = new DriftWatch(() => {
      throw new Error('all have been told');
    });
    watch.load(told);
    expect(watch.alerts).toEqual(allAtOnce(told));
    expect(watch.alerts.length).toBeGreaterThan(0);
  });

  it('look at every window once where splits come in order', () => {
    let looked = 0;
    const watch = new DriftWatch(() => []);
    const splits = splitsOf(5, 50);
    const windows = splits.reduce((n, s) => n + s.windows.length, 0);
    for (const { phase, split, windows: all } of splits) {
      const counted = all.map((w) => ({
        ...w,
        get documents() {
          looked++;
          return w.documents;
        },
      }));
      watch.add({ phase, split, windows: counted });
      expect(watch.alerts.length).toBeGreaterThanOrEqual(0);
    }
    expect(looked).toBe(windows);
  });
});
