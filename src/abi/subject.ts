/** Whose something is, as data. */
import { bytesToText } from '../schema/text.js';
import type { LuoFile, LuoFlb, LuoSession } from './upstream/model.js';

/**
 * Whose a finding is, as data: baselines, SARIF fingerprints and groups read this and never a message. Only what
 * stays from boot to boot: names, tokens and numbers that the handover itself gives, no physical addresses.
 */
export interface Subject {
  /** Name of a LUO session, as text (escaped only when it is printed). */
  readonly session?: string;
  /** LUO file token. */
  readonly token?: bigint;
  /** Domain: persistent_id (rfc-2024), domain id or attachment id. */
  readonly domain?: bigint;
  /** PCI device, `SSSS:BB:DD.F` or `BB:DD.F`. */
  readonly device?: string;
  readonly pasid?: number;
  /** Child of the root tree, region of reserve_mem, or another named node. */
  readonly node?: string;
  /** Compatible string of a file handler or FLB. */
  readonly handler?: string;
  /** Persistent id of an iommufd, and number of one of its IOASes and areas. */
  readonly iommufd?: bigint;
  readonly ioas?: number;
  readonly area?: number;
  /** Inode number of a guestmemfs file. */
  readonly inode?: number;
  readonly cpu?: number;
}

/** A session of LUO. */
export function sessionSubject({ name }: Pick<LuoSession, 'name'>): Subject {
  return { session: bytesToText(name).text };
}

/** A file of a session. */
export function fileSubject(session: Pick<LuoSession, 'name'>, { token }: Pick<LuoFile, 'token'>): Subject {
  return { ...sessionSubject(session), token };
}

/** A file handler or an FLB by its compatible string. */
export function handlerSubject({ name }: Pick<LuoFlb, 'name'>): Subject {
  return { handler: bytesToText(name).text };
}
