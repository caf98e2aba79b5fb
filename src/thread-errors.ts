import { ConfigError, GuardError, type GuardSight, InputError, InvariantError, SluiceError } from './errors.ts';

/** An error as it crosses a thread: classes do not survive, so it goes as data. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a SluiceError or of the system. */
  readonly code?: string;
  readonly parts?: SluiceError['parts'];
  readonly saw?: GuardSight;
  /** Of an error of the system: `syscall`, `errno`, `path`, `dest`. */
  readonly system?: Readonly<Record<string, string | number>>;
}

const SYSTEM = ['syscall', 'errno', 'path', 'dest'] as const;

/** Any value that was thrown, as data. */
export function errorData(thrown: unknown): ErrorData {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const { name, message, stack } = thrown;
  if (thrown instanceof SluiceError) {
    const saw = thrown instanceof GuardError ? thrown.saw : undefined;
    return { name, message, stack, code: thrown.code, parts: { ...thrown.parts, cause: undefined }, saw };
  }
  const given = thrown as unknown as Readonly<Record<string, unknown>>;
  const code = typeof given.code === 'string' ? given.code : undefined;
  const system = Object.fromEntries(
    SYSTEM.flatMap((key) => {
      const value = given[key];
      return typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : [];
    }),
  );
  return { name, message, stack, code, system };
}

/** The error again, of its class and with its parts. */
export function errorFromData({ name, message, stack, code, parts, saw, system }: ErrorData): Error {
  if (parts === undefined) return Object.assign(new Error(message), { name, stack, ...(code && { code }), ...system });
  const error = sluiceError(name, code ?? 'unexpected', parts, saw);
  error.name = name;
  return error;
}

function sluiceError(name: string, code: string, parts: SluiceError['parts'], saw?: GuardSight): SluiceError {
  if (saw) return new GuardError(parts, saw);
  for (const known of [ConfigError, InputError, InvariantError]) if (known.name === name) return new known(parts);
  return new SluiceError(code, parts);
}
