import { openPlanned } from '../codecs/window.ts';
import { damagedWhole, damageOnly, type InputFormat, unitParts } from './format.ts';

/** Apache Parquet. A part is a run of row groups. */
export const parquet: InputFormat = {
  name: 'parquet',
  extensions: ['parquet'],
  magic: ({ bytes }) => Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PAR1',
  packed: false,
  ranges: 'units',
  async cut(file, { index, options, splitBytes }) {
    const { parquetFooter } = await import('./parquet/footer.ts');
    const window = await openPlanned(file);
    try {
      return unitParts((await parquetFooter(window, options.textField)).groups, index, splitBytes);
    } catch (error) {
      damageOnly(error);
      return damagedWhole(file, index);
    } finally {
      await window.close();
    }
  },
  reader: async () => (await import('./parquet/read.ts')).readParquet,
  fields: async (_, window) => (await import('./parquet/footer.ts')).parquetFields(window),
  unitRows: async (window, options) =>
    (await (await import('./parquet/footer.ts')).parquetFooter(window, options.textField)).groups.map((g) => g.rows),
};
