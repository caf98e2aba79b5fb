/** Finds any of many byte strings in one pass. */
export interface Automaton {
  /** Calls back for every place of every string, by its end; true ends the search. */
  each(text: Uint8Array, found: (start: number, end: number, pattern: number) => boolean): void;
}

/** Bytes, with A-Z as a-z, by number: those that stand in no pattern are 0. */
function alphabet(patterns: readonly Uint8Array[]): { readonly classes: Uint8Array; readonly count: number } {
  const classes = new Uint8Array(256);
  let count = 1;
  for (const pattern of patterns) for (const b of pattern) if (classes[b] === 0) classes[b] = count++;
  for (let b = 65; b <= 90; b++) classes[b] = classes[b + 32];
  return { classes, count };
}

/**
 * The automaton of Aho and Corasick (1975) with all its moves in a table; A-Z count as a-z. @param patterns not empty,
 * without A-Z
 */
export function automatonOf(patterns: readonly Uint8Array[]): Automaton {
  const { classes, count } = alphabet(patterns);
  const states = patterns.reduce((n, p) => n + p.length, 1);
  const next = new Int32Array(states * count).fill(-1);
  const ends = new Int32Array(states).fill(-1);
  const depth = new Int32Array(states);
  let made = 1;
  patterns.forEach((pattern, k) => {
    let state = 0;
    for (const b of pattern) {
      const at = state * count + classes[b];
      if (next[at] < 0) {
        depth[made] = depth[state] + 1;
        next[at] = made++;
      }
      state = next[at];
    }
    ends[state] = k;
  });
  const fail = new Int32Array(made);
  const shorter = new Int32Array(made);
  const queue: number[] = [];
  for (let c = 0; c < count; c++) {
    if (next[c] > 0) queue.push(next[c]);
    else next[c] = 0;
  }
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head];
    shorter[state] = ends[fail[state]] >= 0 ? fail[state] : shorter[fail[state]];
    for (let c = 0; c < count; c++) {
      const to = next[state * count + c];
      const other = next[fail[state] * count + c];
      if (to < 0) next[state * count + c] = other;
      else {
        fail[to] = other;
        queue.push(to);
      }
    }
  }
  return {
    each(text, found) {
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        state = next[state * count + classes[text[i]]];
        if (state === 0) continue;
        for (let s = ends[state] >= 0 ? state : shorter[state]; s > 0; s = shorter[s])
          if (found(i + 1 - depth[s], i + 1, ends[s])) return;
      }
    },
  };
}
