import { ConfigError, inOneLine, nearestName, SluiceError } from '../../errors.ts';
import { absentDevice } from './absent-device.ts';
import { EXECUTORS, type Executor, type ExecutorName } from './executor.ts';
import { waitForModelsAtExit } from './exit-guard.ts';
import { measureGflops } from './measure.ts';
import type { ExecutorOptions } from './onnxruntime-node.ts';
import { openExecutor } from './open-executor.ts';
import { selfCheck } from './self-check.ts';

export interface PickOptions extends ExecutorOptions {
  /** Called when the executor picked is slower than onnxruntime-cpu. Default `console.warn`. */
  readonly say?: (message: string) => void;
}

/** What was picked, for the record of a run. */
export interface PickedExecutor {
  readonly executor: Executor;
  /** Executors that would have come first, and why each was not taken. */
  readonly refused: readonly { readonly name: ExecutorName; readonly reason: string }[];
}

/** Never taken without being asked for. */
const ONLY_BY_NAME: readonly ExecutorName[] = ['reference'];

/**
 * The executor of this name, else ('auto', the default) the first of `EXECUTORS` that passes the self-check. A GPU that
 * is not faster than one core (WebGPU on a software driver) is skipped. Without a name (or with 'auto') the environment
 * variable `SLUICE_EXECUTOR` decides.
 */
export async function pickExecutor(name?: ExecutorName | 'auto', options: PickOptions = {}): Promise<PickedExecutor> {
  waitForModelsAtExit();
  const named = name === 'auto' ? undefined : name;
  const wanted = named ?? (process.env.SLUICE_EXECUTOR || 'auto');
  if (wanted !== 'auto') return { executor: await checkedExecutor(executorName(wanted), options), refused: [] };
  const refused: { name: ExecutorName; reason: string }[] = [];
  /** How to install the fastest one that needs no GPU. */
  let fastest: string | undefined;
  for (const candidate of EXECUTORS.filter((n) => !ONLY_BY_NAME.includes(n))) {
    const absent = absentDevice(candidate);
    if (absent !== null) {
      refused.push({ name: candidate, reason: absent });
      continue;
    }
    try {
      const executor = await checkedExecutor(candidate, options);
      if (candidate === 'onnxruntime-webgpu') await refuseSlowDevice(executor, options);
      const cpu = refused.find((r) => r.name === 'onnxruntime-cpu');
      if (cpu)
        (options.say ?? console.warn)(
          `Models run on ${executor.description}, several times slower than onnxruntime-cpu: ${cpu.reason}`,
        );
      return { executor, refused };
    } catch (error) {
      refused.push({ name: candidate, reason: inOneLine(error) });
      if (candidate === 'onnxruntime-cpu')
        fastest = (error instanceof SluiceError && error.parts.fix) || (error as Error).message;
    }
  }
  throw new ConfigError({
    problem: 'none of the supported model runtimes works here; `sluice doctor` shows why',
    expected: 'a model runtime that works here',
    got: 'none; `sluice doctor` shows why',
    fix: fastest,
  });
}

/** A name as it stands in options and environment. */
export function executorName(name: string): ExecutorName {
  const known = EXECUTORS.find((n) => n === name);
  if (known) return known;
  const near = nearestName(name, EXECUTORS);
  throw new ConfigError({
    expected: `an executor: auto, ${EXECUTORS.join(', ')}`,
    got: `'${name}'`,
    fix: near ? `Did you mean '${near}'?` : undefined,
  });
}

/** The executor of this name, after its self-check. */
export async function checkedExecutor(name: ExecutorName, options: ExecutorOptions = {}): Promise<Executor> {
  const executor = await openExecutor(name, options);
  await selfCheck(executor);
  return executor;
}

async function refuseSlowDevice(executor: Executor, options: ExecutorOptions): Promise<void> {
  const device = await measureGflops(executor);
  const core = await measureGflops(await openExecutor('onnxruntime-cpu', options));
  if (device > core) return;
  throw new ConfigError({
    expected: `a GPU faster than the processor (${core.toFixed(0)} GFLOP/s)`,
    got: `${device.toFixed(0)} GFLOP/s (probably a software driver)`,
    fix: 'To use it anyway, select it by name: onnxruntime-webgpu.',
  });
}
