/** What a handover uses physical memory for: its claims, by user. The runs are not held: a user draws its own. */
import type { Handover } from '../../abi/model.js';
import { filesOf } from '../../abi/upstream/holders.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import type { Claim } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import type { Place } from '../../references/place.js';
import { bytesToHex } from '../../schema/text.js';
import { eachFolioFrames, type FolioFile, folioSpans } from '../outline/folios.js';
import { nameOf } from '../outline/names.js';
import { type AspectKind, MOST_MOVING } from '../span-columns.js';
import {
  createUseColumns,
  putUse,
  type Use,
  type UseColumns,
  type User,
  type Uses,
  useColumns,
} from './user.js';
import { collectTables } from './uses-tables.js';

/** All uses of a handover as far as its dump tells them. */
export function usesOf(handover: Handover): Uses {
  const { generation, memory, pageSize, preserved } = handover;
  const users: User[] = [];
  const untold = untoldOf(handover);
  const uses = {
    untold: (prefix: string) => void untold.push(prefix),
    user: (user: User) => void users.push(user),
  };
  const records = new Map<string, Claim[]>();
  const files = new Set<string>();
  // A blob by itself is no handover.
  for (const claim of generation === undefined ? [] : claimsOf(handover)) {
    const { at, place, what, folios, fixed, lasting, trees } = claim;
    const key = keyOf(place);
    // What becomes of the memory of a child that no release has only its owner knows.
    if (at === 'region' || (place.part === 'subtree' && at !== 'bookkeeping')) continue;
    if (place.token !== undefined) files.add(key);
    if (trees !== undefined) {
      for (const { place: own, tree } of trees()) collectTables(tree, own, keyOf(own), memory, uses);
    } else if (folios !== undefined) {
      const file = folios as FolioFile;
      users.push({
        ...{ place, what, kind: 'object', key },
        runs: () => folioUses(file, preserved?.pages, pageSize),
        frames: (put) => eachFolioFrames(file, preserved?.pages, pageSize, put),
      });
    } else if (at === 'contents' || at === 'bookkeeping') {
      const outlives = fixed === true ? 'fixed' : 'object';
      users.push({
        ...{ place, what, key, kind: at === 'contents' || lasting === true ? outlives : 'metadata' },
        runs: () => useColumns(runsOf(claim)),
      });
    } else addRecords(claim);
  }
  for (const { session, file } of filesOf(handover)) {
    const key = keyOf({ part: 'luo', session: nameOf(session.name), token: file.token });
    if (!files.has(key)) untold.push(key);
  }
  return { users, untold };

  /** The records of one owner are one; so are those of LUO and of all its sessions. */
  function addRecords(claim: Claim): void {
    const { place } = claim;
    const own: Place = place.token === undefined && place.session !== undefined ? { part: 'luo' } : place;
    const key = `records of ${keyOf(own)}`;
    const known = records.get(key);
    if (known !== undefined) {
      known.push(claim);
      return;
    }
    const all = [claim];
    records.set(key, all);
    users.push({
      ...{ place: own, kind: 'metadata', key },
      get what() {
        return all.some(({ at }) => at === 'list') ? 'the list of folios' : 'the records';
      },
      runs: () => useColumns(pagesOf(all, pageSize)),
    });
  }
}

/** A place as the key of the same in another handover; no key begins another. */
function keyOf(place: Place): string {
  return Object.entries(place)
    .map(([name, value]) => `${name}=${value instanceof Uint8Array ? bytesToHex(value) : value};`)
    .join('');
}

/** Beginnings of the keys of what is there, and whose blobs or lists the dump does not hold. */
function untoldOf({ subtrees, luo, memblock, khoTest, guestmemfs }: Handover): string[] {
  const untold: string[] = [];
  const has = (name: string): boolean => subtrees?.some((subtree) => subtree.name === name) === true;
  const noSessions = luo?.sessions === undefined && luo?.sessionsAddress !== 0n;
  if (has('LUO') && noSessions) untold.push('part=luo;session=');
  for (const { name, files, filesAddress } of luo?.sessions ?? []) {
    if (files === undefined && filesAddress !== 0n)
      untold.push(keyOf({ part: 'luo', session: nameOf(name) }));
  }
  if (has('memblock') && memblock === undefined) untold.push('part=memblock;');
  const folios = khoTest?.folios?.length ?? -1;
  if (has('kho_test') && folios < (khoTest?.nrFolios ?? 0)) untold.push('part=kho-test;');
  if (guestmemfs !== undefined && guestmemfs.files === undefined) untold.push('part=guestmemfs;file=');
  return untold;
}

function* runsOf(claim: Claim): Generator<Use> {
  for (const { start, end, position } of claim.runs()) {
    yield { start: Number(start), end: Number(end), ...(position === undefined ? {} : { position }) };
  }
}

/** The pages of records; what is in the page that was told last is not told again. */
function* pagesOf(claims: readonly Claim[], pageSize: number): Generator<Use> {
  let before: Use | undefined;
  for (const claim of claims) {
    for (const run of claim.runs()) {
      const start = Math.floor(Number(run.start) / pageSize) * pageSize;
      const end = Math.ceil(Number(run.end) / pageSize) * pageSize;
      if (before !== undefined && start >= before.start && end <= before.end) continue;
      before = { start, end };
      yield before;
    }
  }
}

/** The folios of a file, with their place in it. */
function* folioUses(
  file: FolioFile,
  pages: PreservedPages | undefined,
  pageSize: number,
): Generator<UseColumns> {
  const columns = createUseColumns();
  // Of millions of spans nearly all have the same kinds.
  let last: readonly AspectKind[] | undefined;
  let moves = false;
  for (const { length, starts, ends, kinds, at } of folioSpans(file, pages, pageSize, true)) {
    for (let row = 0; row < length; row++) {
      const own = kinds[row];
      if (own !== last) {
        last = own;
        moves = own?.at(-1)?.moves === true;
      }
      // Where the file has no place that a number can tell, the address is not told either.
      if (!moves) continue;
      const position = starts[row] as number;
      const address = at[row * MOST_MOVING] as number;
      if (!putUse(columns, address, address + ((ends[row] as number) - position), position)) continue;
      yield columns;
      columns.length = 0;
    }
  }
  if (columns.length > 0) yield columns;
}
