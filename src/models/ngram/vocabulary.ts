/** Token ids that every vocabulary has. */
export const UNKNOWN = 0;
export const BEGIN = 1;
export const END = 2;
/** Ids of words, or of byte 0, begin here. */
export const FIRST = 3;

const SPECIAL = ['<unk>', '<s>', '</s>'];
const hex = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Words as bytes, each with its id; ids in order of appearance. */
export class Vocabulary {
  #bytes: Uint8Array;
  #offsets: Int32Array;
  #size = 0;
  #slots: Int32Array;

  private constructor(bytes: Uint8Array, offsets: Int32Array) {
    this.#bytes = bytes;
    this.#offsets = offsets;
    this.#slots = new Int32Array(1024).fill(-1);
  }

  /** The three special tokens. */
  static create(): Vocabulary {
    const vocabulary = new Vocabulary(new Uint8Array(1 << 16), new Int32Array(1 << 12));
    for (const token of SPECIAL) vocabulary.addText(token);
    return vocabulary;
  }

  /** Special tokens and all bytes, written `<0x41>`, as SentencePiece does. */
  static ofBytes(): Vocabulary {
    const vocabulary = Vocabulary.create();
    for (let byte = 0; byte < 256; byte++) vocabulary.addText(hex(byte));
    return vocabulary;
  }

  /** The vocabulary that `parts` was called on. */
  static from(bytes: Uint8Array, offsets: Int32Array): Vocabulary {
    const vocabulary = new Vocabulary(bytes, offsets);
    while (vocabulary.#size < offsets.length - 1) vocabulary.#insert();
    return vocabulary;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#bytes.byteLength + this.#offsets.byteLength + this.#slots.byteLength;
  }

  /** Token i is `bytes[offsets[i] .. offsets[i + 1])`. */
  parts(): { bytes: Uint8Array; offsets: Int32Array } {
    const offsets = this.#offsets.slice(0, this.#size + 1);
    return { bytes: this.#bytes.slice(0, offsets[this.#size]), offsets };
  }

  text(id: number): string {
    const [start, end] = [this.#offsets[id], this.#offsets[id + 1]];
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start).toString('utf8');
  }

  /** Id of a word, or UNKNOWN. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const id = this.#slots[this.#slotOf(bytes, start, end)];
    return id < 0 ? UNKNOWN : id;
  }

  findText(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    return this.find(bytes, 0, bytes.length);
  }

  /** Id of a word, new if need be. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#slotOf(bytes, start, end);
    if (this.#slots[slot] >= 0) return this.#slots[slot];
    const from = this.#offsets[this.#size];
    if (this.#size + 2 > this.#offsets.length) {
      const larger = new Int32Array(2 * this.#offsets.length);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    if (from + end - start > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, from + end - start));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), from);
    this.#offsets[this.#size + 1] = from + end - start;
    return this.#insert();
  }

  addText(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    return this.add(bytes, 0, bytes.length);
  }

  /** Puts the token after the last one, whose bytes stand there already, into the table. */
  #insert(): number {
    const id = this.#size++;
    if (2 * this.#size > this.#slots.length) {
      this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
      for (let i = 0; i < id; i++) this.#slots[this.#slotOf(this.#bytes, this.#offsets[i], this.#offsets[i + 1])] = i;
    }
    this.#slots[this.#slotOf(this.#bytes, this.#offsets[id], this.#offsets[id + 1])] = id;
    return id;
  }

  /** Slot of these bytes, or the empty one where they would go. */
  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot];
      if (id < 0 || this.#same(id, bytes, start, end)) return slot;
    }
  }

  #same(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#offsets[id];
    if (this.#offsets[id + 1] - from !== end - start) return false;
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== this.#bytes[j]) return false;
    return true;
  }
}
