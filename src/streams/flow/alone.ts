const ALONE = Symbol.for('sluice.alone');

/** Says, before anything else is loaded, that nobody in this process gets Observables of Sluice. */
export function beAlone(): void {
  Object.assign(globalThis, { [ALONE]: true });
}

export const isAlone = (): boolean => ALONE in globalThis;
