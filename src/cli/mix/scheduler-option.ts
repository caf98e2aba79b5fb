import { ConfigError, nearestName } from '../../errors.ts';
import type { Scheduler } from '../../mixture/scheduler.ts';

type Make = (options: never) => Scheduler;

/** Schedulers by the name of `--scheduler`; each is loaded when it is asked for. */
const SCHEDULERS: Readonly<Record<string, () => Promise<Make>>> = {
  fixed: async () => (await import('../../mixture/schedulers/fixed.ts')).fixed as Make,
  proportional: async () => (await import('../../mixture/schedulers/proportional.ts')).proportional as Make,
  temperature: async () => (await import('../../mixture/schedulers/temperature.ts')).temperature as Make,
  cooldown: async () => (await import('../../mixture/schedulers/cooldown.ts')).cooldown as Make,
  scalarization: async () => (await import('../../mixture/schedulers/scalarization.ts')).scalarization as Make,
  phases: async () => (await import('../../mixture/schedulers/phases.ts')).phases as Make,
  'domain-upsampling': async () =>
    (await import('../../mixture/schedulers/domain-upsampling.ts')).domainUpsampling as Make,
  unimax: async () => (await import('../../mixture/schedulers/unimax.ts')).unimax as Make,
  'skill-it': async () => (await import('../../mixture/schedulers/skill-it.ts')).skillIt as Make,
  doremi: async () => (await import('../../mixture/schedulers/doremi.ts')).doremi as Make,
  ado: async () => (await import('../../mixture/schedulers/ado.ts')).ado as Make,
  bandit: async () => (await import('../../mixture/schedulers/bandit.ts')).bandit as Make,
  curriculum: async () => (await import('../../mixture/schedulers/curriculum.ts')).curriculum as Make,
};

export const schedulerNames = (): string[] => Object.keys(SCHEDULERS);

/** A scheduler by name, with options as JSON gives them. Errors: ConfigError for a name or options that cannot be. */
export async function schedulerCalled(name: string, options: unknown): Promise<Scheduler> {
  const known = Object.hasOwn(SCHEDULERS, name) ? SCHEDULERS[name] : undefined;
  if (known) return (await known())(options as never);
  const near = nearestName(name, Object.keys(SCHEDULERS));
  throw new ConfigError({
    expected: `a scheduler: ${schedulerNames().join(', ')}`,
    got: `'${name}'`,
    where: '--scheduler',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}
