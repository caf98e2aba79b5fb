/**
 * The parts of RxJS that threads of a run load, one by one: measured, all of RxJS takes a thread 50 ms and 1.7 MB of
 * heap, these 25 ms and 0.2 MB. They are the same objects as those of `rxjs`.
 */
export { lastValueFrom } from 'rxjs/internal/lastValueFrom';
export { Observable } from 'rxjs/internal/Observable';
export { fromEvent } from 'rxjs/internal/observable/fromEvent';
export { of } from 'rxjs/internal/observable/of';
export { catchError } from 'rxjs/internal/operators/catchError';
export { concatMap } from 'rxjs/internal/operators/concatMap';
export { takeUntil } from 'rxjs/internal/operators/takeUntil';
export { tap } from 'rxjs/internal/operators/tap';
export { pipe } from 'rxjs/internal/util/pipe';
