/** What a handover uses physical memory for: its claims, by user. The runs are not held: a user draws its own. */
import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import type { Claim, Untold } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { keyOf, type Place } from '../../references/place.js';
import { untoldOf } from '../../references/untold.js';
import { eachFolioFrames, type FolioFile, folioSpans } from '../outline/folios.js';
import { type AspectKind, MOST_MOVING } from '../span-columns.js';
import {
  createUseColumns,
  putUse,
  USE_BATCH,
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
  const told = untoldOf(handover);
  const lacking = (kind: Untold['lacks']): string[] =>
    told.flatMap(({ lacks, place }) => (lacks === kind && place !== undefined ? [keyOf(place)] : []));
  const untold = lacking('all');
  const uses = {
    untold: (prefix: string) => void untold.push(prefix),
    user: (user: User) => void users.push(user),
  };
  const records = new Map<string, Claim[]>();
  // A blob by itself is no handover.
  for (const claim of generation === undefined ? [] : claimsOf(handover)) {
    const { at, place, what, folios, fixed, lasting, trees, unread } = claim;
    const key = keyOf(place);
    // What becomes of the memory of a child that no release has only its owner knows.
    if (at === 'region' || (place.part === 'subtree' && at !== 'bookkeeping')) continue;
    if (at === 'record' && unread === true) continue;
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
  return { users, untold, partly: lacking('some'), others: lacking('others') };

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
  const columns = createUseColumns(Math.min(USE_BATCH, file.folios.length + 1));
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
