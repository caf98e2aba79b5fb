import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';

/** Instructions by which numeric libraries choose their code, so that other last digits come out. */
const CHOOSES = /^(avx\w*|fma|f16c|amx_\w+|asimd\w*|sve\w*|i8mm|bf16|rvv|vsx)$/;

/**
 * The class of the processor: architecture and, on Linux, the vector instructions it has; elsewhere its name. Scores
 * are promised to be the same to the last digit within one class only.
 */
export function processorClass(): string {
  const found = process.platform === 'linux' ? instructions() : [];
  return [arch(), ...(found.length > 0 ? found : [cpus()[0]?.model.trim() ?? 'unknown'])].join(' ');
}

function instructions(): string[] {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'latin1');
  } catch {
    // Not mounted, or not to be read in a container: the name of the processor then.
    return [];
  }
  const flags = /^(?:flags|Features|isa)\s*:(.*)$/m.exec(text)?.[1] ?? '';
  return [...new Set(flags.trim().split(/\s+/))].filter((f) => CHOOSES.test(f)).sort();
}
