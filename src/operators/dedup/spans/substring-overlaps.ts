import { RECORD_WORDS, type SubstringKernel, type SubstringOptions } from '../../../kernels/substring.ts';
import { wordBounds } from '../minhash/verified-copies.ts';
import type { KeyTables } from '../tables/key-tables.ts';
import { indexOf } from '../tables/labels.ts';
import { SpilledTexts } from '../tables/spilled-texts.ts';
import { type Overlap, overlapOf, type Piece } from './overlap.ts';
import { type Compare, SeenWindows } from './seen-windows.ts';
import { type SpanLog, VERIFIED } from './span-log.ts';

/**
 * Different stretches of an anchor up to this number are compared with each other; of more, or where an anchor stands
 * twice, the windows are looked up.
 */
const PAIRED = 64;
/** Bytes between two stretches of a text that are rather read than skipped. */
const READ_OVER = 16_384;
/** Memory of the windows of a byte of a stretch, in bytes: half of a window, which takes 44. */
const WINDOWS_PER_BYTE = 22;
/** Of a stretch: its number and where its bytes begin. */
const PLACE_BYTES = 12;
/** Stretches whose windows are made at once. */
const AT_ONCE = 256;

/** Different stretches whose anchor stands in several, in input order. */
export interface Stretches {
  readonly count: number;
  /** Numbers of anchors are below this. */
  readonly anchors: number;
  readonly anchor: Uint32Array;
  readonly document: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** As in the record: hashes of what stands left and right of the anchor. */
  readonly sides: Uint32Array;
  /** Bytes from the start to the anchor. */
  readonly place: Uint32Array;
  readonly tied: Uint8Array;
}

export function emptyStretches(room: number): Stretches {
  const words = (): Uint32Array => new Uint32Array(room);
  return {
    count: 0,
    anchors: 0,
    anchor: words(),
    document: words(),
    start: words(),
    end: words(),
    sides: words(),
    place: words(),
    tied: new Uint8Array(room),
  };
}

/**
 * Reads different stretches of equal anchors back, as many as fit the memory at once, and logs what stands in an
 * earlier one too.
 */
export class Overlaps {
  #tables: KeyTables;
  #texts: SpilledTexts;
  #options: SubstringOptions;
  #kernel: SubstringKernel;
  #memoryBytes: number;
  #log: SpanLog;
  #compare: Compare | undefined;

  constructor(
    tables: KeyTables,
    options: SubstringOptions,
    kernel: SubstringKernel,
    memoryBytes: number,
    log: SpanLog,
    compare: Compare | undefined,
  ) {
    this.#tables = tables;
    this.#texts = new SpilledTexts(tables.splits.map((s) => s.spill));
    this.#options = options;
    this.#kernel = kernel;
    this.#memoryBytes = memoryBytes;
    this.#log = log;
    this.#compare = compare;
  }

  find(stretches: Stretches): void {
    const { groups, members } = groupsOf(stretches);
    const { start, end, tied } = stretches;
    for (let from = 0; from + 1 < groups.length; ) {
      let bytes = 0;
      let to = from;
      while (to + 1 < groups.length && (to === from || bytes < this.#memoryBytes)) {
        const many = groups[to + 1] - groups[to] > PAIRED;
        for (let m = groups[to]; m < groups[to + 1]; m++) {
          const k = members[m];
          bytes += PLACE_BYTES + (end[k] - start[k]) * (many || tied[k] === 1 ? WINDOWS_PER_BYTE : 1);
        }
        to++;
      }
      this.#round(stretches, groups.subarray(from, to + 1), members);
      from = to;
    }
  }

  close(): void {
    this.#texts.close();
  }

  #round(stretches: Stretches, groups: Uint32Array, members: Uint32Array): void {
    const wanted = members.slice(groups[0], groups[groups.length - 1]).sort();
    let bytes = 0;
    for (const k of wanted) bytes += stretches.end[k] - stretches.start[k];
    const held = new Uint8Array(bytes);
    const offsets = this.#read(stretches, wanted, held);
    const bytesOf = (k: number): Uint8Array => {
      const at = offsets[indexOf(wanted, k)];
      return held.subarray(at, at + stretches.end[k] - stretches.start[k]);
    };
    const byWindows: number[] = [];
    for (let g = 0; g + 1 < groups.length; g++) {
      const group = members.subarray(groups[g], groups[g + 1]);
      const paired = group.length <= PAIRED;
      if (paired) this.#pairs(stretches, group, bytesOf);
      // A window in which the anchor stands twice may have it at another place than an equal one.
      for (const k of group) if (!paired || stretches.tied[k] === 1) byWindows.push(k);
    }
    this.#windows(stretches, Uint32Array.from(byWindows).sort(), bytesOf);
  }

  /** Every stretch against those before it; what stands beside the anchor tells most pairs apart unread. */
  #pairs(stretches: Stretches, group: Uint32Array, bytesOf: (k: number) => Uint8Array): void {
    const { sides, place } = stretches;
    const pieces: (Piece | undefined)[] = new Array(group.length);
    const piece = (i: number): Piece => {
      const bytes = bytesOf(group[i]);
      const bounds = this.#options.unit === 'words' ? wordBounds(bytes) : null;
      return { bytes, place: place[group[i]], bounds };
    };
    const found: Overlap = { units: 0, start: 0, end: 0 };
    for (let j = 1; j < group.length; j++) {
      const k = group[j];
      let [start, end] = [0, 0];
      for (let i = 0; i < j; i++) {
        const other = sides[k] ^ sides[group[i]];
        const left = (other & 0xffff) === 0 && (sides[k] & 0xffff) !== 0;
        const right = other >>> 16 === 0 && sides[k] >>> 16 !== 0;
        if (!left && !right) continue;
        pieces[i] ??= piece(i);
        pieces[j] ??= piece(j);
        overlapOf(pieces[j] as Piece, pieces[i] as Piece, found);
        if (found.units < this.#options.window) continue;
        if (found.start >= start && found.end <= end) continue;
        [start, end] = [found.start, found.end];
        const from = stretches.start[k];
        this.#log.add(stretches.document[k], from + start, from + end, VERIFIED, 0, 0);
      }
    }
  }

  #windows(stretches: Stretches, group: Uint32Array, bytesOf: (k: number) => Uint8Array): void {
    const seen = new SeenWindows(this.#compare);
    for (let from = 0; from < group.length; from += AT_ONCE) {
      const list = group.subarray(from, from + AT_ONCE);
      const offsets = new Int32Array(list.length + 1);
      const parts = Array.from(list, bytesOf);
      parts.forEach((p, i) => {
        offsets[i + 1] = offsets[i] + p.length;
      });
      const { offsets: ends, words } = this.#kernel.windows(Buffer.concat(parts), offsets, list.length);
      list.forEach((k, i) => {
        // Windows are equal only within the stretches of an anchor.
        for (let w = ends[i]; w < ends[i + 1]; w++) words[w * RECORD_WORDS + 2] = stretches.anchor[k];
        this.#seen(stretches, k, words, ends[i], ends[i + 1], seen);
      });
    }
  }

  /**
   * Logs the runs of windows of stretch `k` that were seen, and adds the others. Bytes of a window count from the start
   * of the stretch.
   */
  #seen(
    { document, start }: Stretches,
    k: number,
    words: Uint32Array,
    from: number,
    to: number,
    seen: SeenWindows,
  ): void {
    const run = { source: -1, start: 0, end: 0, from: 0, to: 0 };
    const close = (): void => {
      if (run.source >= 0) this.#log.add(document[k], run.start, run.end, run.source, run.from, run.to);
      run.source = -1;
    };
    for (let w = from; w < to; w++) {
      const at = w * RECORD_WORDS;
      const [first, last] = [start[k] + words[at + 6], start[k] + words[at + 7]];
      const n = seen.find(words, at, document[k], first, last);
      if (n < 0) {
        close();
        continue;
      }
      const [source, sourceFrom] = [seen.document(n), seen.start(n)];
      // Windows go on as those that they repeat do: so far apart in bytes, or it is another run.
      if (source !== run.source || sourceFrom - run.from !== first - run.start) {
        close();
        run.source = source;
        run.start = first;
        run.from = sourceFrom;
      }
      run.end = last;
      run.to = seen.end(n);
    }
    close();
  }

  /** Copies wanted stretches, by ascending number, one after the other. @returns where each begins */
  #read({ document, start, end }: Stretches, wanted: Uint32Array, held: Uint8Array): Float64Array {
    const offsets = new Float64Array(wanted.length);
    let next = 0;
    let filled = 0;
    this.#tables.scan(
      ['start'],
      ([buffer], from, rows) => {
        const starts = new Float64Array(buffer, 0, rows);
        while (next < wanted.length && document[wanted[next]] < from + rows) {
          const d = document[wanted[next]];
          const first = start[wanted[next]];
          let last = end[wanted[next]];
          let to = next + 1;
          for (; to < wanted.length && document[wanted[to]] === d && start[wanted[to]] < last + READ_OVER; to++)
            last = Math.max(last, end[wanted[to]]);
          const text = this.#texts.text(this.#tables.splitOf(d), starts[d - from] + first, last - first);
          for (; next < to; next++) {
            const k = wanted[next];
            held.set(text.subarray(start[k] - first, end[k] - first), filled);
            offsets[next] = filled;
            filled += end[k] - start[k];
          }
        }
      },
      (from, to) => next < wanted.length && document[wanted[next]] >= from && document[wanted[next]] < to,
    );
    return offsets;
  }
}

/** Stretches by their anchor: those of group i are `members[groups[i]] .. members[groups[i + 1]]`, in input order. */
function groupsOf({ count, anchors, anchor }: Stretches): { groups: Uint32Array; members: Uint32Array } {
  const next = new Uint32Array(anchors + 1);
  for (let k = 0; k < count; k++) next[anchor[k] + 1]++;
  const groups: number[] = [0];
  for (let a = 0; a < anchors; a++) {
    if (next[a + 1] > 0) groups.push(groups[groups.length - 1] + next[a + 1]);
    next[a + 1] += next[a];
  }
  const members = new Uint32Array(count);
  for (let k = 0; k < count; k++) members[next[anchor[k]]++] = k;
  return { groups: Uint32Array.from(groups), members };
}
