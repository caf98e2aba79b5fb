import { openPlanned } from '../codecs/window.ts';
import { arrowMessages } from './arrow/messages.ts';
import { typeName } from './arrow/schema.ts';
import { isSchemaMessage } from './arrow/stream-head.ts';
import { damagedWhole, damageOnly, type InputFormat, unitParts } from './format.ts';

const isFile = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'ARROW1';
/** A stream begins with the marker of a message, which other files may have too. */
const isStream = ([a, b, c, d]: Uint8Array): boolean => (a & b & c & d) === 0xff;

/** Arrow IPC: the file format (Feather 2) and the stream format. A part is a run of record batches. */
export const arrow: InputFormat = {
  name: 'arrow',
  extensions: ['arrow', 'arrows', 'ipc', 'feather'],
  magic: ({ bytes, extension }) =>
    isFile(bytes) || isSchemaMessage(bytes) || (arrow.extensions.includes(extension) && isStream(bytes)),
  packed: false,
  ranges: 'units',
  async cut(file, { index, splitBytes }) {
    const window = await openPlanned(file);
    try {
      return unitParts((await arrowMessages(window)).units, index, splitBytes);
    } catch (error) {
      damageOnly(error);
      return damagedWhole(file, index);
    } finally {
      await window.close();
    }
  },
  reader: async () => (await import('./arrow/read.ts')).readArrow,
  async fields(_, window) {
    const { fields, units } = await arrowMessages(window);
    return {
      fields: fields.map((f) => ({ name: f.name, types: [typeName(f)], share: null, meanLength: 0 })),
      rows: units.reduce((n, u) => n + u.rows, 0),
    };
  },
  unitRows: async (window) => (await arrowMessages(window)).units.map((u) => u.rows),
};
