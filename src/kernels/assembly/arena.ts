// Bump allocation by hand: everything below `floor` stays for the life of the instance (tables), everything above is
// one batch.

let floor: usize = (__heap_base + 15) & ~15;
let top: usize = floor;

/** 16-byte aligned bytes, not cleared; grows the memory. Traps when the memory cannot grow. */
export function arenaAlloc(bytes: usize): usize {
  const at = top;
  const end = (at + bytes + 15) & ~15;
  if (end < at) unreachable();
  const have = (<usize>memory.size()) << 16;
  if (end > have) {
    // A quarter more than asked, up to 4 MB: fewer growths, little waste.
    const wanted = <i32>((end - have + 0xffff) >> 16);
    if (memory.grow(wanted + min(memory.size() >> 2, 64)) < 0 && memory.grow(wanted) < 0) unreachable();
  }
  top = end;
  return at;
}

/** Where the next allocation will be; hand it to `arenaRelease` to free everything allocated since. */
export function arenaMark(): usize {
  return top;
}

export function arenaRelease(mark: usize): void {
  if (mark < floor || mark > top) unreachable();
  top = mark;
}

/** Frees the batch; persistent tables stay. */
export function arenaReset(): void {
  top = floor;
}

/** What is allocated now stays for the life of the instance. */
export function arenaKeep(): void {
  floor = top;
}
