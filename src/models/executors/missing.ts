import { ConfigError } from '../../errors.ts';

/** Versions of the optional runtimes that Sluice is tested with. */
export const RUNTIME_VERSIONS = { onnxruntime: '1.30.0', tfjs: '4.22.0', nodeLlamaCpp: '3.22.1' } as const;

/** Imports a package that need not be installed; the error is the command that installs it. */
export async function importRuntime<T>(name: string, load: () => Promise<T>, install: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // Bundlers put a module that throws in the place of an optional peer that is not there.
    const bundled = message.startsWith(`Could not resolve "${name}"`);
    const absent = bundled || (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`));
    throw new ConfigError({
      ...(absent && { problem: `the optional package ${name} is not installed` }),
      expected: `the optional package ${name}`,
      got: absent ? 'a project without it' : `an error when it was loaded: ${message.split('\n')[0]}`,
      fix: `Run: ${install}`,
      cause,
    });
  }
}
