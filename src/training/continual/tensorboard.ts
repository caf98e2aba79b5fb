import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Message } from '../../models/onnx/protobuf.ts';
import { crc32c } from './crc32c.ts';

/** The checksum of a record, masked as TensorFlow does, so that a checksum of checksums is none. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A record of TFRecord: its length, the checksum of that, the data, the checksum of that. */
export function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length + 4);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return out;
}

/** An `Event`: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7. */
const event = (seconds: number, step: number): Message => new Message().double(1, seconds).integer(2, step);

/** A `Summary` of scalars: value = 1, with tag = 1 and simple_value = 2. */
function summary(values: Readonly<Record<string, number>>): Message {
  const message = new Message();
  for (const [tag, value] of Object.entries(values)) message.message(1, new Message().text(1, tag).float(2, value));
  return message;
}

/** SessionLog.START: what earlier files have of this step and later ones does not count. */
const START = new Message().integer(1, 1);

/**
 * Scalars as an event file of TensorBoard, one for each start of a training,
 * `events.out.tfevents.<seconds>.sluice.<n>`.
 * @param fromStep steps from here on in files of earlier starts are void
 */
export async function openEventFile(
  folder: string,
  fromStep: number,
  now: () => number = Date.now,
): Promise<{ scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>; close(): Promise<void> }> {
  const seconds = (): number => now() / 1000;
  const file = await openNew(folder, Math.floor(seconds()));
  const write = async (message: Message): Promise<void> => {
    await file.writeFile(record(message.encode()));
  };
  await write(event(seconds(), 0).text(3, 'brain.Event:2'));
  await write(event(seconds(), fromStep).message(7, START));
  return {
    scalars: (step, values) => write(event(seconds(), step).message(5, summary(values))),
    close: () => file.close(),
  };
}

/** TensorBoard reads files in the order of their names. */
async function openNew(folder: string, seconds: number): Promise<FileHandle> {
  for (let n = 0; ; n++) {
    const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.sluice.${n}`;
    try {
      return await open(join(folder, name), 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
