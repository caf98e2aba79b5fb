import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/training/continual/crc32c.ts';
import { openEventFile, record } from '../../../src/training/continual/tensorboard.ts';
import { temporaryFolder } from '../../helpers/run.ts';

describe('CRC-32C', () => {
  // RFC 3720, B.4, and the usual check value.
  it.each<[string, Uint8Array, number]>([
    ['nothing', new Uint8Array(0), 0],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe('an event file', () => {
  it('is records of events: a version, a start that voids later steps, scalars', async () => {
    const folder = await temporaryFolder();
    const file = await openEventFile(folder, 5, () => 1_700_000_000_500);
    await file.scalars(7, { loss: 2.5, 'loss/web': -1 });
    await file.close();
    const [name] = readdirSync(folder);
    expect(name).toBe('events.out.tfevents.1700000000.sluice.0');
    const bytes = readFileSync(join(folder, name));
    const event = (step: number, ...rest: number[]): Uint8Array =>
      Uint8Array.from([9, ...new Uint8Array(Float64Array.of(1_700_000_000.5).buffer), 16, step, ...rest]);
    const float = (x: number): number[] => [...new Uint8Array(Float32Array.of(x).buffer)];
    const value = (tag: string, x: number): number[] => [
      ...[10, tag.length + 7, 10, tag.length, ...Buffer.from(tag), 21, ...float(x)],
    ];
    const summary = [...value('loss', 2.5), ...value('loss/web', -1)];
    const expected = [
      event(0, 26, 13, ...Buffer.from('brain.Event:2')),
      event(5, 58, 2, 8, 1),
      event(7, 42, summary.length, ...summary),
    ];
    expect(bytes).toEqual(Buffer.concat(expected.map(record)));
    // As TensorFlow masks it: of eight bytes of length 3, and of the data.
    expect(Buffer.from(record(Uint8Array.of(1, 2, 3))).toString('hex')).toMatch(/^0300000000000000.{8}010203.{8}$/);
  });

  it('of a second start in the same second has a name of its own, which comes later', async () => {
    const folder = await temporaryFolder();
    for (let i = 0; i < 2; i++) await (await openEventFile(folder, 0, () => 1e12)).close();
    expect(
      readdirSync(folder)
        .sort()
        .map((n) => n.slice(-1)),
    ).toEqual(['0', '1']);
  });

  it('is read by TensorBoard, later starts over earlier ones', async (t) => {
    const python = process.env.SLUICE_PYTHON ?? '';
    const has = python !== '' && spawnSync(python, ['-c', 'import tensorboard']).status === 0;
    t.skip(!has, 'no Python with tensorboard in SLUICE_PYTHON');
    const folder = await temporaryFolder();
    let now = 1_700_000_000_000;
    const first = await openEventFile(folder, 0, () => now);
    for (let step = 1; step <= 6; step++) await first.scalars(step, { loss: step / 8 });
    await first.close();
    now += 5000;
    const second = await openEventFile(folder, 5, () => now);
    await second.scalars(5, { loss: 9 });
    await second.close();
    const code = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps([[e.step, e.value] for e in events.Scalars('loss')]))`;
    const { stdout, stderr } = spawnSync(python, ['-c', code, folder], { encoding: 'utf8' });
    expect(JSON.parse(stdout || stderr)).toEqual([
      [1, 0.125],
      [2, 0.25],
      [3, 0.375],
      [4, 0.5],
      [5, 9],
    ]);
  });
});
