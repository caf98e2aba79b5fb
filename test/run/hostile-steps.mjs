/** Steps that misbehave on documents whose text says so: they run in real worker threads. */
export function trouble() {
  return async (batch, scope) => {
    const values = new Int32Array(batch.rows);
    for (let row = 0; row < batch.rows; row++) {
      if (scope[row] === 0) continue;
      const text = batch.text(row);
      values[row] = text.length;
      if (text.includes('LOOP')) for (;;);
      if (text.includes('WAIT')) await new Promise(() => {});
      if (text.includes('EXIT')) process.exit(7);
      if (text.includes('THROW')) throw new TypeError(`no use for ${text.slice(0, 10)}\nsecond line`);
      if (text.includes('ALLOCATE')) {
        const held = [];
        for (;;) held.push(new Array(20_000).fill(row));
      }
    }
    return [['trouble_length', { type: 'int32', values, valid: null }]];
  };
}

/** Fails when two documents meet in a batch, and on none alone. */
export function company() {
  return (batch) => {
    let met = 0;
    for (let row = 0; row < batch.rows; row++) if (batch.text(row).includes('MEET')) met++;
    if (met > 1) throw new Error('two of them');
    return [['trouble_length', { type: 'int32', values: new Int32Array(batch.rows), valid: null }]];
  };
}
