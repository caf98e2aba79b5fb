import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { arrow, jsonl, parquet } from '../../src/sinks/descriptors.ts';
import { ledgerSink, quarantineSink } from '../../src/sinks/writers.ts';

describe('sink descriptors', () => {
  it('are plain data with every option', () => {
    expect(
      JSON.parse(
        JSON.stringify([
          parquet(),
          jsonl({ name: 'lines', compression: 'gz' }),
          arrow({ columns: ['id'] }),
          ledgerSink,
          quarantineSink,
        ]),
      ),
    ).toEqual([
      { name: 'parquet', kind: 'parquet', options: { compression: 'zstd', level: 1, columns: null } },
      { name: 'lines', kind: 'jsonl', options: { compression: 'gz', columns: null, textField: 'text' } },
      { name: 'arrow', kind: 'arrow', options: { format: 'file', columns: ['id'] } },
      { name: 'ledger', kind: 'parquet', options: { compression: 'zstd', level: 1, columns: null } },
      { name: 'quarantine', kind: 'jsonl', options: { compression: 'none', columns: null, textField: 'text' } },
    ]);
  });

  it('refuse what they do not know and name the nearest', () => {
    expect(() => parquet({ compresion: 'zstd' } as never)).toThrow(
      /only name, compression, level, columns, got the option compresion\. Did you mean compression\?/,
    );
    expect(() => jsonl({ compression: 'zip' } as never)).toThrow(ConfigError);
    expect(() => arrow({ name: '../up' })).toThrow(/expected name: a name of a-z, 0-9, - and _, got "\.\.\/up"/);
  });
});
