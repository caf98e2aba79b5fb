import { parseArgs } from 'node:util';
import { ConfigError, nearestName } from '../errors.ts';

/** An option of a command: `--name VALUE`, or a flag when it has no `value`. */
export interface OptionSpec {
  /** Placeholder in the help, for example GLOB. Absent: a flag. */
  readonly value?: string;
  /** The value may be left out, and is given as `--name=VALUE`; '' where it is left out. */
  readonly optional?: boolean;
  /** May be given more than once. */
  readonly many?: boolean;
  readonly help: string;
}

export type OptionSpecs = { readonly [name: string]: OptionSpec };

/** What was typed for each option. */
export type Values<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends { value: string }
    ? O[K] extends { many: true }
      ? readonly string[]
      : string | undefined
    : boolean;
};

export interface CommandHelp<O extends OptionSpecs = OptionSpecs> {
  /** `<recipe> [options]`, without the command's name. */
  readonly usage: string;
  readonly about: string;
  readonly options: O;
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** Further lines for the end of the help, made when it is asked for. */
  readonly more?: () => Promise<readonly string[]>;
}

/** One command of the CLI, in a file of its own. Resolves to the exit code. */
export interface Command {
  readonly help: CommandHelp;
  run(args: readonly string[]): Promise<number>;
}

/**
 * Options and positionals of a command line. Errors: ConfigError for an unknown option (with the nearest one), a
 * missing or unwanted value, too few or too many positionals.
 * @param positionals names of those expected, `?` at the end for optional ones, `...` for one or more
 */
export function parseCommandLine<const O extends OptionSpecs>(
  command: string,
  args: readonly string[],
  options: O,
  positionals: readonly string[],
): { readonly values: Values<O>; readonly positionals: readonly string[] } {
  const where = `sluice ${command}`;
  const known: OptionSpecs = { ...options, help: { help: '' } };
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(known).map(([name, o]) => [
        name,
        { type: o.value && !o.optional ? ('string' as const) : ('boolean' as const) },
      ]),
    ),
  });
  const values: Record<string, string | boolean | string[] | undefined> = {};
  for (const [name, o] of Object.entries(options)) values[name] = o.many ? [] : o.value ? undefined : false;
  const rest: string[] = [];
  for (const token of tokens) {
    if (!('rawName' in token)) {
      // `--` itself has no value.
      if ('value' in token) rest.push(token.value);
      continue;
    }
    // No option has white space in its name: a query that begins with a comment does.
    if (/\s/.test(token.rawName)) {
      rest.push(args[token.index]);
      continue;
    }
    const spec = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (!spec) throw unknownOption(token.rawName, Object.keys(known), where, command);
    if (spec.optional) {
      values[token.name] = token.value ?? '';
      continue;
    }
    if (!spec.value) {
      if (token.value !== undefined)
        throw new ConfigError({ expected: `${token.rawName} without a value`, got: `'${token.value}'`, where });
      values[token.name] = true;
      continue;
    }
    // `--input --output x` names no input; a lone `-` is standard input, and numbers may be negative.
    const swallowed = !token.inlineValue && /^-[^\d]/.test(token.value ?? '');
    if (token.value === undefined || token.value === '' || swallowed) {
      throw new ConfigError({
        expected: `${token.rawName} ${spec.value}`,
        got: token.value ? `${token.rawName} ${token.value}` : `${token.rawName} without a value`,
        where,
        fix: `See: sluice ${command} --help`,
      });
    }
    if (spec.many) (values[token.name] as string[]).push(token.value);
    else values[token.name] = token.value;
  }
  checkPositionals(rest, positionals, where, command);
  return { values: values as Values<O>, positionals: rest };
}

function unknownOption(raw: string, known: readonly string[], where: string, command: string): ConfigError {
  const near = nearestName(raw.replace(/^-+/, ''), known);
  return new ConfigError({
    expected: `an option of ${where}`,
    got: raw,
    where,
    fix: near ? `Did you mean --${near}?` : `See: sluice ${command} --help`,
  });
}

function checkPositionals(given: readonly string[], names: readonly string[], where: string, command: string): void {
  const needed = names.filter((n) => !n.endsWith('?')).length;
  const usage =
    `sluice ${command} ${names.map((n) => (n.endsWith('?') ? `[${n.slice(0, -1)}]` : `<${n}>`)).join(' ')}`.trim();
  if (given.length < needed) {
    throw new ConfigError({
      expected: usage,
      got: given.length === 0 ? 'nothing' : given.map((g) => `'${g}'`).join(' '),
      where,
      fix: `See: sluice ${command} --help`,
    });
  }
  if (given.length > names.length && !names.at(-1)?.endsWith('...')) {
    throw new ConfigError({
      expected: usage,
      got: `also '${given[names.length]}'`,
      where,
      fix: 'Quote globs and queries so that the shell does not expand them.',
    });
  }
}

/** A whole number from an option. */
export function wholeNumber(text: string | undefined, option: string, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const n = /^\d[\d_,]*$/.test(text) ? Number(text.replace(/[_,]/g, '')) : Number.NaN;
  if (Number.isSafeInteger(n) && n >= least) return n;
  throw new ConfigError({ expected: `a whole number, ${least} or more`, got: `'${text}'`, where: option });
}

/** A percentage from an option, above 0 and up to 100; null where it was not given. */
export function percentOption(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const n = /^\d+(\.\d+)?\s*%?$/.test(text) ? Number(text.replace('%', '')) : Number.NaN;
  if (n > 0 && n <= 100) return n;
  throw new ConfigError({
    expected: 'a percentage above 0 and up to 100, such as 5%',
    got: `'${text}'`,
    where: option,
  });
}
