import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, InputError } from '../../errors.ts';
import { LANGUAGE_WIDTH } from '../../kernels/language.ts';

/** A language model as it lies in a file. */
export interface LanguageFile {
  /** 2 to this power are the slots. */
  readonly bits: number;
  readonly labels: readonly string[];
  /** What one unit of a weight is worth in logits. */
  readonly step: number;
  /** Logits are multiplied by this before they become probabilities; default 1. It changes no order of labels. */
  readonly scale?: number;
  /** `weights[slot * labels + label]` */
  readonly weights: Int8Array;
}

/*
 * Layout, little-endian: 8 bytes `SLLANG01`, u32 bytes of the header, the header as JSON with the SHA-256 of what
 * follows it, then the weights slot by slot.
 */
const MAGIC = 'SLLANG01';
const HEAD = 12;

/** The model that ships. */
export const LANGUAGE_MODEL = new URL('../../../models/language/weights.bin', import.meta.url);

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const bytesOf = (w: Int8Array): Uint8Array => new Uint8Array(w.buffer, w.byteOffset, w.length);

export function packLanguageModel({ bits, labels, step, scale = 1, weights }: LanguageFile): Uint8Array {
  const header = Buffer.from(
    JSON.stringify({ format: 1, bits, labels, step, scale, sha256: digest(bytesOf(weights)) }),
  );
  const head = Buffer.alloc(HEAD);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(header.length, 8);
  return Buffer.concat([head, header, bytesOf(weights)]);
}

/** Errors: ConfigError when there is no such file; InputError for one that is damaged or of another kind. */
export function readLanguageModel(path: string | URL): LanguageFile {
  const where = String(path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new ConfigError({ expected: 'a language model', got: (cause as Error).message, where, cause });
  }
  const damaged = (got: string): InputError =>
    new InputError({ expected: 'a language model of Sluice (SLLANG01)', got, where, fix: 'Install Sluice again.' });
  if (bytes.length < HEAD || bytes.toString('latin1', 0, 8) !== MAGIC) throw damaged('a file that begins otherwise');
  const end = HEAD + bytes.readUInt32LE(8);
  if (end > bytes.length) throw damaged(`a header of ${end} bytes in ${bytes.length}`);
  const { format, bits, labels, step, scale = 1, sha256 } = JSON.parse(bytes.toString('utf8', HEAD, end));
  const weights = new Int8Array(bytes.buffer.slice(bytes.byteOffset + end, bytes.byteOffset + bytes.length));
  if (format !== 1 || labels.length > LANGUAGE_WIDTH || weights.length !== 2 ** bits * labels.length)
    throw damaged(`format ${format} with ${weights.length} weights of ${labels?.length} labels`);
  if (!(scale > 0)) throw damaged(`a scale of ${scale}`);
  if (digest(bytesOf(weights)) !== sha256) throw damaged('weights with another checksum than its header says');
  return { bits, labels, step, scale, weights };
}
