import { ConfigError } from '../../errors.ts';

/** A key that nothing can print by accident: only `use` has it. */
export interface Secret {
  /** Name of the environment variable that it came from. */
  readonly from: string;
  use<T>(work: (key: string) => T): T;
  /** A text without the key in it. */
  hide(text: string): string;
}

/** Of the environment, and from nowhere else. Errors: ConfigError when the variable is not set. */
export function secretOf(variable: string): Secret {
  const key = process.env[variable];
  if (!key)
    throw new ConfigError({
      expected: `a key in the environment variable ${variable}`,
      got: key === undefined ? 'no such variable' : 'an empty one',
      where: 'key_from',
      fix: `Set it for this command: ${variable}=... sluice run ... Keys are never read from options or files.`,
    });
  return {
    from: variable,
    use: (work) => work(key),
    hide: (text) => text.replaceAll(key, '[key]'),
  };
}
