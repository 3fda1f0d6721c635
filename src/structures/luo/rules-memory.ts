/** Memory that the orchestrator's own records are in: what owns it, for whoever asks about pages. */
import type { Luo, LuoSession } from '../../abi/upstream/model.js';
import type { Subject } from '../../validate/rule.js';
import { sessionSubject } from '../../validate/subject.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { FILE_PAGES, SESSION_PAGES } from './binding.js';

/** The central record, an allocation of records, or a block of them. */
export interface LuoMemory {
  readonly kind: 'record' | 'area' | 'block';
  /** For people, e.g. `a block of sessions`. */
  readonly what: string;
  readonly address: bigint;
  readonly pages: number;
  readonly subject: Subject;
  /** Whose files are there. */
  readonly session?: LuoSession;
}

/** All of it, as far as it is known. */
export function* luoMemory(luo: Luo | undefined): Generator<LuoMemory> {
  const { abiHeader, sessionsAddress = 0n, sessionBlocks, flbsAddress = 0n, sessions = [] } = luo ?? {};
  const own = { pages: 1, subject: {} };
  if (abiHeader !== undefined) yield { ...own, kind: 'record', what: 'struct luo_ser', address: abiHeader };
  if (flbsAddress !== 0n) yield { ...own, kind: 'area', what: 'the FLB page', address: flbsAddress };
  if (sessionBlocks === undefined && sessionsAddress !== 0n) {
    const what = 'the session area';
    yield { ...own, kind: 'area', what, address: sessionsAddress, pages: SESSION_PAGES };
  }
  for (const { address } of sessionBlocks ?? [])
    yield { ...own, kind: 'block', what: 'a block of sessions', address };
  for (const session of sessions) {
    const { name, filesAddress: address, fileBlocks } = session;
    const files = `files of session ${quoted(name)}`;
    const theirs = { ...own, subject: sessionSubject(session), session };
    for (const block of fileBlocks ?? [])
      yield { ...theirs, kind: 'block', what: `a block of ${files}`, address: block.address };
    if (fileBlocks === undefined && address !== 0n)
      yield { ...theirs, kind: 'area', what: `the ${files}`, address, pages: FILE_PAGES };
  }
}
