import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, GuardError, InputError, InvariantError, SluiceError } from '../src/errors.ts';
import { errorData, errorFromData } from '../src/thread-errors.ts';

const across = (thrown: unknown): Error => errorFromData(structuredClone(errorData(thrown)));
const parts = { expected: 'a', got: 'b', where: 'here', fix: 'Do it.', cause: () => 'functions do not cross' };

describe('an error that crosses a thread', () => {
  it.each([ConfigError, InputError, InvariantError])('keeps its class, code and parts (%o)', (Kind) => {
    const error = new Kind(parts);
    const back = across(error) as SluiceError;
    expect(back).toBeInstanceOf(Kind);
    expect([back.name, back.code, back.message]).toEqual([error.name, error.code, error.message]);
    expect(back.parts).toEqual({ ...parts, cause: undefined });
  });

  it('keeps what a guard saw, and the name and code of any other', () => {
    const saw = {
      guard: 'failed',
      of: 'all',
      documents: 1,
      outOf: 2,
      share: 0.5,
      min: 0,
      max: 0.1,
      flag: 'x',
      examples: [],
    };
    expect((across(new GuardError(parts, saw as GuardError['saw'])) as GuardError).saw).toEqual(saw);
    expect(across(Object.assign(new SluiceError('odd', parts), { name: 'OddError' }))).toMatchObject({
      name: 'OddError',
      code: 'odd',
    });
  });

  it('keeps what the system said, and the message of whatever else was thrown', () => {
    const thrown = (() => {
      try {
        return readFileSync('/no/such/file');
      } catch (error) {
        return error;
      }
    })();
    expect(across(thrown)).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/no/such/file' });
    expect(across('only words').message).toBe('only words');
    const trap = across(Object.assign(new Error('unreachable'), { name: 'RuntimeError' }));
    expect([trap.name, trap.message]).toEqual(['RuntimeError', 'unreachable']);
  });
});
