/** What structures hang on: files of sessions, and FLBs. */
import type { Handover } from '../model.js';
import type { LuoFile, LuoFlb, LuoSession } from './model.js';

/** A file, its session, and its position there. */
export interface HeldFile {
  readonly session: LuoSession;
  readonly file: LuoFile;
  readonly index: number;
}

/** All files that are known of, in the order of the handover. */
export function* filesOf({ luo }: Pick<Handover, 'luo'>): Generator<HeldFile> {
  for (const session of luo?.sessions ?? [])
    for (const [index, file] of (session.files ?? []).entries()) yield { session, file, index };
}

/** All FLBs that are known of. */
export function flbsOf({ luo }: Pick<Handover, 'luo'>): readonly LuoFlb[] {
  return luo?.flbs ?? [];
}
