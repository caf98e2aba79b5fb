import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Field, RecordBatchStreamWriter, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { readSplit } from '../../../src/streams/formats/read-split.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { fixture, readAll } from './read-all.ts';

const ROWS = 400;
const TEXTS = Array.from({ length: ROWS }, (_, i) => `Row ${i}: ${'the mill by the river '.repeat(20)}${i * 7919}`);
const IDS = TEXTS.map((_, i) => `r${i}`);

const parquetBytes = (): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: IDS, type: 'STRING' },
        { name: 'text', data: TEXTS, type: 'STRING' },
      ],
      codec: 'UNCOMPRESSED',
      rowGroupSize: ROWS / 5,
    }),
  );

const arrowTable = (): Table => {
  const table = new Table({
    id: vectorFromArray(IDS, new Utf8()),
    text: vectorFromArray(TEXTS, new Utf8()),
  });
  const batches = Array.from({ length: 5 }, (_, i) => table.slice(i * 80, (i + 1) * 80).batches).flat();
  expect(table.schema.fields[0]).toBeInstanceOf(Field);
  return new Table(table.schema, batches);
};

const arrowBytes = (): Uint8Array => tableToIPC(arrowTable(), 'file');

/** Neither the schema in front nor the footer makes sense any more. */
function damage(bytes: Uint8Array): void {
  bytes.fill(0xee, 8, 200);
  bytes.fill(0xee, bytes.length - 60, bytes.length - 10);
}

const FILES: readonly [string, () => Uint8Array][] = [
  ['data.parquet', parquetBytes],
  ['data.arrow', arrowBytes],
];

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(FILES)('the footer of %s', (name, bytesOf) => {
  it('that cannot be read for a moment ends the planning, and is not taken for damage', async () => {
    const path = fixture(name, bytesOf());
    expect(statSync(path).size).toBeGreaterThan(64 * 1024);
    expect((await readAll(path, { splitBytes: 1 })).documents.map((d) => d.id)).toEqual(IDS);
    const handle = await open(path);
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const real = Reflect.get(prototype, 'read') as (...args: never[]) => Promise<unknown>;
    for (let calls = 0; ; calls++) {
      let left = calls;
      const spied = vi.spyOn(prototype, 'read').mockImplementation(function (this: FileHandle, ...args: never[]) {
        if (left-- === 0)
          return Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' }));
        return Reflect.apply(real, this, args);
      } as never);
      const planned = await planSplits([path], readOptions.parse({}), { splitBytes: 1 }).then(
        (plan) => plan,
        (error: Error) => error,
      );
      spied.mockRestore();
      if (left >= 0) {
        // The read after the last one of the planning.
        expect(calls).toBeGreaterThan(0);
        expect(planned).toMatchObject({ files: [{ units: 5 }] });
        break;
      }
      expect(planned).toBeInstanceOf(Error);
      expect((planned as Error).message).toMatch(/EIO/);
    }
  });

  it('that is damaged is one range for the whole file, of its own kind', async () => {
    const bytes = bytesOf().slice();
    damage(bytes);
    const { plan, documents, quarantined } = await readAll(fixture(name, bytes), { splitBytes: 1 });
    expect(plan.splits.map((s) => s.ranges)).toEqual([
      [{ file: 0, start: 0, end: Number.MAX_SAFE_INTEGER, damaged: true }],
    ]);
    expect(plan.files[0].units).toBeUndefined();
    expect(documents).toEqual([]);
    expect(quarantined).toMatchObject([{ reason: 'undecodable', bytes: bytes.length }]);
  });

  it('must have the row groups that were planned: also those of a plan from before', async () => {
    const path = fixture(name, bytesOf());
    const plan = await planSplits([path], readOptions.parse({}), { splitBytes: 1 });
    expect(plan.files[0].units).toBe(5);
    const kernel = await loadKernel();
    const read = async (units: number | undefined): Promise<number> => {
      const files = [{ ...plan.files[0], units }];
      let rows = 0;
      const given = { kernel, onQuarantine: () => {} };
      for (const split of plan.splits)
        for await (const batch of readSplit(split, { ...plan, files }, readOptions.parse({}), given))
          rows += batch.rows;
      return rows;
    };
    expect(await read(5)).toBe(ROWS);
    for (const units of [1, undefined])
      await expect(read(units)).rejects.toThrow(
        /expected a file of (1|an unknown number of) row groups or record batches, as planned, got 5 of them/,
      );
  });

  it('that is whole again is read whole', async () => {
    const bytes = bytesOf().slice();
    const path = fixture(name, bytes);
    const good = readFileSync(path);
    damage(bytes);
    writeFileSync(path, bytes);
    const plan = await planSplits([path], readOptions.parse({}), { splitBytes: 1 });
    writeFileSync(path, good);
    const kernel = await loadKernel();
    let rows = 0;
    for (const split of plan.splits)
      for await (const batch of readSplit(split, plan, readOptions.parse({}), { kernel, onQuarantine: () => {} }))
        rows += batch.rows;
    expect(rows).toBe(ROWS);
  });
});

it.each([
  ['of the old form, without a marker in front of its messages', true],
  ['of the new form', false],
])('an Arrow stream %s is known by its schema, whatever its name', async (_, writeLegacyIpcFormat) => {
  const bytes = await RecordBatchStreamWriter.writeAll(arrowTable(), { writeLegacyIpcFormat }).toUint8Array();
  expect(Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from([255, 255, 255, 255]))).toBe(!writeLegacyIpcFormat);
  for (const name of ['data.arrow', 'data']) {
    const { documents, plan, quarantined } = await readAll(fixture(name, bytes));
    expect(documents.map((d) => [d.id, d.text])).toEqual(IDS.map((id, i) => [id, TEXTS[i]]));
    expect([quarantined, plan.files.map((f) => f.format)]).toEqual([[], ['arrow']]);
  }
});
