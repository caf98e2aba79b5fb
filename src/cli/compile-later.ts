import { setFlagsFromString } from 'node:v8';

/**
 * Bytes of bytecode that a function runs before V8 compiles it with its optimising compiler, 15 times as many as by
 * default. A run does its work in kernels and in few functions of JavaScript. Of the many others most are not worth
 * compiling, and every thread compiles them again, on the cores that the threads need.
 */
const INTERRUPT_BUDGET = 1_000_000;

// Later V8 counts otherwise, and a run there gains nothing that could be measured.
if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
