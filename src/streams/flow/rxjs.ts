import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { isAlone } from './alone.ts';
import * as own from './own-rxjs.ts';

/**
 * Whether no module of a user meets an Observable of Sluice: in the command line and in worker threads. Then the copy
 * of RxJS in the build does; everywhere else the objects are those of the user's `rxjs`. Its 60 files take a thread
 * 30 ms of CPU, the copy 3.
 */
const alone = !isMainThread || isAlone();
const load = createRequire(import.meta.url);

/** Of the user's `rxjs` part by part, as what they are, CommonJS: imported, each would be read as a module as well. */
const part = <K extends keyof typeof own>(name: K, file: string): (typeof own)[K] =>
  (alone ? own : (load(`rxjs/internal/${file}`) as typeof own))[name];

export const firstValueFrom = part('firstValueFrom', 'firstValueFrom');
export const lastValueFrom = part('lastValueFrom', 'lastValueFrom');
export const Observable = part('Observable', 'Observable');
export type Observable<T> = import('rxjs').Observable<T>;
export const concat = part('concat', 'observable/concat');
export const defer = part('defer', 'observable/defer');
export const from = part('from', 'observable/from');
export const fromEvent = part('fromEvent', 'observable/fromEvent');
export const of = part('of', 'observable/of');
export const catchError = part('catchError', 'operators/catchError');
export const concatMap = part('concatMap', 'operators/concatMap');
export const finalize = part('finalize', 'operators/finalize');
export const mergeMap = part('mergeMap', 'operators/mergeMap');
export const takeUntil = part('takeUntil', 'operators/takeUntil');
export const takeWhile = part('takeWhile', 'operators/takeWhile');
export const tap = part('tap', 'operators/tap');
export const pipe = part('pipe', 'util/pipe');
