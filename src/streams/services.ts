/**
 * What the main thread does for stages in workers: scores of a language model, answers of a generator, a function of
 * the user's that lives there, or a process of the user's that it talks to.
 */
export type ServiceName = 'model' | 'generator' | 'closure' | 'filter';

/** Asks the main thread. A stage sends the columns that its step declared, and no others. */
export interface Services {
  /**
   * @param request plain data and buffers
   * @param transfer buffers of the request that nobody else uses: they go, the others are copied
   * @returns what the service answered; errors of the service keep their class and parts
   */
  call<T>(service: ServiceName, step: string, request: unknown, transfer?: readonly ArrayBuffer[]): Promise<T>;
}
