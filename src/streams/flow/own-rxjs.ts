/** The parts of RxJS that Sluice uses. In the build this is a copy of them in the file that is loaded anyway. */
export {
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  firstValueFrom,
  from,
  fromEvent,
  lastValueFrom,
  mergeMap,
  Observable,
  of,
  pipe,
  takeUntil,
  takeWhile,
  tap,
} from 'rxjs';
