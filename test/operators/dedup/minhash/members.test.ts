import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Components } from '../../../../src/operators/dedup/minhash/components.ts';
import { MemberLog } from '../../../../src/operators/dedup/minhash/members.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

/** Documents 0 to 999 of 100 components (by document modulo 100), 200 keys each: more than two chunks of the log. */
async function logged(limitBytes: number): Promise<{ log: MemberLog; components: Components; path: string }> {
  const path = join(await temporaryFolder(), 'members');
  const components = new Components(1000);
  const log = new MemberLog(path, limitBytes);
  for (let key = 0; key < 200; key++) {
    for (let d = 0; d < 1000; d++) {
      const document = (d * 7 + key) % 1000;
      if (document >= 100) components.join(document % 100, document);
      log.add(document, key * 100 + (document % 100));
    }
  }
  return { log, components, path };
}

describe('MemberLog', () => {
  it('hands out whole components, in memory or from a file, in one part or in many', async () => {
    for (const [limitBytes, partBytes, parts] of [
      [1e9, 1e9, 1],
      [1, 1e9, 1],
      [1, 200_000 * 3, 8],
    ]) {
      const { log, components, path } = await logged(limitBytes);
      expect(log.pairs).toBe(200_000);
      expect(existsSync(path)).toBe(limitBytes === 1);
      const all = [...log.byComponent(components, partBytes)];
      expect(all.length).toBe(parts);
      const seen = all.flatMap(({ documents }) => [...documents]);
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
      for (const { documents, offsets, keys } of all) {
        expect([...documents]).toEqual([...documents].toSorted((a, b) => a - b));
        documents.forEach((document, m) => {
          const own = [...keys.subarray(offsets[m], offsets[m + 1])];
          expect(own).toEqual(Array.from({ length: 200 }, (_, key) => key * 100 + (document % 100)));
        });
        // A component is never cut.
        expect(documents.length).toBe(new Set([...documents].map((d) => components.root(d))).size * 10);
      }
      log.close();
      expect(existsSync(path)).toBe(false);
    }
  });
});
