/** What a run tells of its work while it goes on. Nobody listens unless a terminal shows it, and then nothing costs anything. */

export interface Listener {
  /**
   * Another part of the work begins.
   *
   * @param name what is done, e.g. `reading`
   * @param path of what it is done to
   * @param total bytes that this part has to read (or write) in all, where that is known
   */
  stage(name: string, path: string, total?: number, unit?: 'read' | 'written'): void;
  /** The stage is at this step (from 1) of so many. */
  step(index: number, count: number, what: string): void;
  /** So many more bytes of inputs were read. Called for each system call, so it has to be cheap. */
  read(bytes: number): void;
  /** So many more bytes of an output were written. */
  written(bytes: number): void;
  /** The result itself goes to the terminal from now on, or does no more. */
  hold(on: boolean): void;
  /** A message is about to be written. */
  wipe(): void;
}

let listener: Listener | undefined;

/** From now on this one is told; undefined for nobody. */
export function listen(to: Listener | undefined): void {
  listener = to;
}

/** See {@link Listener.stage}. */
export function tellStage(name: string, path: string, total?: number, unit?: 'read' | 'written'): void {
  listener?.stage(name, path, total, unit);
}

/** See {@link Listener.step}. */
export function tellStep(index: number, count: number, what: string): void {
  listener?.step(index, count, what);
}

/** See {@link Listener.read}. */
export function tellRead(bytes: number): void {
  listener?.read(bytes);
}

/** See {@link Listener.written}. */
export function tellWritten(bytes: number): void {
  listener?.written(bytes);
}

/** See {@link Listener.hold}. */
export function tellHold(on: boolean): void {
  listener?.hold(on);
}

/** See {@link Listener.wipe}. */
export function tellMessage(): void {
  listener?.wipe();
}
