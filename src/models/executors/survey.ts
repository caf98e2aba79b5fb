import { inOneLine } from '../../errors.ts';
import { absentDevice } from './absent-device.ts';
import { EXECUTORS, type ExecutorName } from './executor.ts';
import { measureGflops } from './measure.ts';
import { checkedExecutor } from './pick-executor.ts';

/** What one executor can do on this machine. */
export interface ExecutorReport {
  readonly name: ExecutorName;
  /** Runtime, version and device; null when it cannot be used. */
  readonly description: string | null;
  /** Rate of matrix products in float32, wall time, one thread on a processor; null when it cannot be used. */
  readonly gflops: number | null;
  /** Why it cannot be used; null when it can. */
  readonly reason: string | null;
  /** True: not taken unless it is named, as a GPU that is slower than one core (a software driver). */
  readonly onlyByName: boolean;
}

/**
 * Tries every executor but the plain reference, in the order in which they are picked: self-check, then rate. Takes
 * seconds.
 */
export async function surveyExecutors(): Promise<ExecutorReport[]> {
  const reports: ExecutorReport[] = [];
  for (const name of EXECUTORS.filter((n) => n !== 'reference')) reports.push(await report(name));
  const core = reports.find((r) => r.name === 'onnxruntime-cpu')?.gflops ?? 0;
  return reports.map((r) => ({
    ...r,
    onlyByName: r.name === 'onnxruntime-webgpu' && r.gflops !== null && r.gflops <= core,
  }));
}

async function report(name: ExecutorName): Promise<ExecutorReport> {
  const unusable = (reason: string): ExecutorReport => ({
    name,
    description: null,
    gflops: null,
    reason,
    onlyByName: false,
  });
  const absent = absentDevice(name);
  if (absent !== null) return unusable(absent);
  try {
    const executor = await checkedExecutor(name);
    const gflops = await measureGflops(executor);
    return { ...unusable(''), description: executor.description, gflops, reason: null };
  } catch (error) {
    return unusable(inOneLine(error));
  }
}
