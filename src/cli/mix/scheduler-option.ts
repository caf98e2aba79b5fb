import { ConfigError } from '../../errors.ts';
import { schedulerByName } from '../../mixture/by-name.ts';
import type { Json, Scheduler } from '../../mixture/scheduler.ts';
import { isPath, loadScheduler } from '../../recipe/loader.ts';

/** The scheduler of `--scheduler`, a name or a module, with its `--options`. Default proportional. */
export async function schedulerOf(values: { scheduler?: string; options?: string }): Promise<Scheduler> {
  const name = values.scheduler ?? 'proportional';
  if (!isPath(name)) return schedulerByName(name, optionsOf(values.options));
  if (values.options === undefined) return loadScheduler(name);
  throw new ConfigError({ expected: 'the options in the module', got: '--options', where: name });
}

function optionsOf(text: string | undefined): Json {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new ConfigError({
      expected: 'JSON, such as \'{"temperature":3}\'',
      got: `'${text}'`,
      where: '--options',
      fix: (error as Error).message,
      cause: error,
    });
  }
}
