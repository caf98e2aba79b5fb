import { setFlagsFromString } from 'node:v8';

/**
 * How much a function runs before V8 compiles it with its optimising compiler: about 15 times as much as by default. A
 * run does its work in kernels and in few functions of JavaScript. Of the many others most are not worth compiling,
 * and every thread compiles them again, on the cores that the threads need.
 */
const LATER = {
  /** Bytes of bytecode; V8's own is 66 kB. */
  node20: '--interrupt-budget=1000000',
  /** Calls, or as many rounds of a loop as take as long; V8's own is 3,000. */
  node22: '--invocation-count-for-turbofan=45000',
};

setFlagsFromString(Number.parseInt(process.versions.v8, 10) < 12 ? LATER.node20 : LATER.node22);
