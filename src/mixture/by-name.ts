import { ConfigError, nearestName } from '../errors.ts';
import type { Json, Scheduler } from './scheduler.ts';
import { ado } from './schedulers/ado.ts';
import { bandit } from './schedulers/bandit.ts';
import { cooldown } from './schedulers/cooldown.ts';
import { curriculum } from './schedulers/curriculum.ts';
import { domainUpsampling } from './schedulers/domain-upsampling.ts';
import { doremi } from './schedulers/doremi.ts';
import { fixed } from './schedulers/fixed.ts';
import { phases } from './schedulers/phases.ts';
import { proportional } from './schedulers/proportional.ts';
import { replay } from './schedulers/replay.ts';
import { scalarization } from './schedulers/scalarization.ts';
import { skillIt } from './schedulers/skill-it.ts';
import { temperature } from './schedulers/temperature.ts';
import { unimax } from './schedulers/unimax.ts';

/** Each takes its options as JSON and checks them itself. */
const makers: { readonly [name: string]: (options: never) => unknown } = {
  proportional,
  fixed,
  temperature,
  cooldown,
  scalarization,
  phases,
  'domain-upsampling': domainUpsampling,
  unimax,
  curriculum,
  'skill-it': skillIt,
  doremi,
  ado,
  bandit,
  replay: ({ of, ...options }: Parameters<typeof replay>[1] & { readonly of?: Named }) =>
    replay(schedulerByName(of?.name ?? 'proportional', of?.options), options),
};

/** A scheduler inside another's options. */
interface Named {
  readonly name: string;
  readonly options?: Json;
}

/** Names of the schedulers that come with Sluice. */
export const schedulerNames = (): string[] => Object.keys(makers);

/** A scheduler by its name. Errors: ConfigError for an unknown name (with the nearest), and for wrong options. */
export function schedulerByName(name: string, options: Json = {}): Scheduler {
  if (Object.hasOwn(makers, name)) return makers[name](options as never) as Scheduler;
  const near = nearestName(name, schedulerNames());
  throw new ConfigError({
    expected: `a scheduler: ${schedulerNames().join(', ')}`,
    got: name,
    where: 'scheduler',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}
