/** Whose the preserved pages are (upstream X12, X16). */

import type { Handover } from '../../abi/model.js';
import type { PageRange } from '../../memory/page-set.js';
import { findAreas } from '../../references/chains.js';
import type { Claim, Run } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { believedFolios, draftClaims, releasedRecords, riderClaims, startOf } from '../../references/held.js';
import { OWNERS } from '../../validate/reads.js';
import type { Reporter, Rule, Subject } from '../../validate/rule.js';
import { hex } from '../../validate/text.js';
import { blobs } from '../../validate/upstream/blobs.js';
import { positionIn, scanFolios } from '../../validate/upstream/folio-scan.js';
import { createPageBits } from '../../validate/upstream/page-bits.js';
import { at, maxPageOrder, orderAt, UPSTREAM } from '../../validate/upstream/shared.js';
import { subjectByKey } from '../index.js';

/** Longer stretches that a damaged record claims are of no use. */
const MAX_CLAIM = 1n << 50n;
/** Longer ones, in pages, are compared as stretches. */
const MAX_SINGLE = 64;
/** Pages of two lists that are counted. */
const MAX_CROSSED = 1 << 16;
/** Pages for which owners are looked up. */
const MAX_SEARCHES = 16;

/** Bytes that the next kernel reads or restores. */
export interface Reference extends PageRange {
  readonly who: () => string;
  readonly region?: true;
  readonly subject: Subject;
}

/** Everything that is referred to but the folios in lists, which are too many. */
export function* references(handover: Handover): Generator<Reference> {
  const { fdtAddress, pageSize } = handover;
  const page = BigInt(pageSize);
  if (fdtAddress !== undefined)
    yield reference('the tree', {}, { start: fdtAddress, end: fdtAddress + page });
  const names = new Set<string>();
  for (const { name, address, length } of blobs(handover)) {
    // No look-up reaches a second child of one name (KHO-112), so it owns nothing.
    if (!names.has(name))
      yield reference(`the blob of ${name}`, { node: name }, { start: address, end: address + length });
    names.add(name);
  }
  for (const claim of claimsOf(handover)) yield* contents(claim);
  for (const { owner, subject, area } of findAreas(handover)) {
    for (const chunk of area.chunks)
      yield reference(`the list of ${owner}`, subject, { start: chunk, end: chunk + pageSize });
    const who = () => `${owner}, with the run in its list`;
    // Of runs larger than any (VMALLOC-003) only the start means something.
    const length = area.descriptor.order > maxPageOrder(pageSize) ? pageSize : area.runSize;
    for (const run of area.runs) yield { start: run, end: run + length, who, subject };
  }
  for (const { what, subject, place, unread, runs } of riderClaims(handover)) {
    // An array that another session has is LUO-019.
    if (unread === true && place.session !== undefined) continue;
    for (const run of runs()) yield reference(what, subject, run);
  }
  // Records on one page are a rule of the structure's own.
  const seen = new Set<string>();
  for (const claim of releasedRecords(handover)) {
    const { what, subject, structure = '', unread } = claim;
    const start = startOf(claim);
    const key = `${structure} ${start / page}`;
    if (unread === true || (seen.has(key) && subjectByKey(structure)?.apart === true)) continue;
    seen.add(key);
    yield reference(what, subject, { start, end: start + 1n });
  }
  yield* draftReferences(handover);
}

/** What riders have: regions, and folios. */
function* contents({ at: what, name, subject, folios, fixed, runs }: Claim): Generator<Reference> {
  if (what !== 'contents' || folios !== undefined) return;
  for (const run of runs()) {
    if (fixed === true) yield { ...reference(name, subject, run), region: true };
    // After the end of the list, where a count leads that is too large (KTEST-002), the address is 0.
    else if (run.start !== 0n) yield reference(`${name}, a folio`, subject, run);
  }
}

/** Records of drafts and their pages. */
function* draftReferences(handover: Handover): Generator<Reference> {
  const { preserved, pageSize } = handover;
  for (const { at: kind, what, subject, damaged, runs } of draftClaims(handover)) {
    const all = [...runs()];
    if (kind === 'pages') {
      // The page that a damaged list leads to is its rule's.
      if (damaged !== true) for (const run of all) yield reference(what, subject, run);
      continue;
    }
    // With what follows it, as far as its block has that (IOMMUFD-102).
    const [{ start } = { start: 0n }] = all;
    const order = preserved?.pages === undefined ? 0 : orderAt(preserved.pages, Number(start) / pageSize);
    const most = Number(start) + pageSize * 2 ** Math.max(order, 0);
    yield reference(what, subject, { start, end: Math.min(Number(all.at(-1)?.end ?? start), most) });
  }
}

/** @param run longer than any memory where a record is damaged */
function reference(who: string, subject: Subject, { start, end }: Run): Reference {
  const length = BigInt(end) - BigInt(start);
  return { who: () => who, subject, start, end: length < MAX_CLAIM ? end : BigInt(start) + MAX_CLAIM };
}

export const oneOwner: Rule = {
  id: 'KHO-163',
  title: 'no preserved page has two owners',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream X12',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_restore_page; mm/memblock.c reserve_mem_kho_revive',
  consequence:
    'a page is restored once, so the second owner gets nothing; two owners that restore nothing overwrite each other',
  needs: ['memory'],
  reads: OWNERS,
  check({ handover }, report) {
    const shared = sharedPages(handover);
    for (const pfn of shared.slice(0, MAX_SEARCHES)) tell(handover, pfn, report);
    report.more(Math.max(0, shared.length - MAX_SEARCHES));
  },
};

function tell(handover: Handover, pfn: number, report: Reporter): void {
  const address = pfn * handover.pageSize;
  const owners = ownersOf(handover, pfn);
  report.finding({
    // The first that has names: the order of owners is that of the handover.
    subject: owners.find(({ subject }) => Object.keys(subject).length > 0)?.subject ?? {},
    message: `the page at ${hex(address)} belongs to ${owners
      .slice(0, 2)
      .map(({ who }) => who)
      .join(' and to ')}${owners.length > 2 ? ` (and ${owners.length - 2} more)` : ''}`,
    location: at(address),
    found: `${owners.length} owners`,
    expected: 'one',
  });
}

/** Page frames that two refer to, each once. */
function sharedPages(handover: Handover): number[] {
  const { pageSize } = handover;
  const { named, crossed } = scanFolios(handover);
  const single = createPageBits();
  const stretches: { start: number; end: number; region: boolean }[] = [];
  const shared = new Set<number>();
  for (let pfn = crossed.next(0); shared.size < MAX_CROSSED && pfn < Infinity; pfn = crossed.next(pfn + 1))
    shared.add(pfn);
  for (const { start, end, region } of references(handover)) {
    const from = Math.floor(Number(start) / pageSize);
    const to = Math.ceil(Number(end) / pageSize);
    if (region === true || to - from > MAX_SINGLE) {
      stretches.push({ start: from, end: to, region: region === true });
      continue;
    }
    for (let pfn = from; pfn < to; pfn++) if (!single.add(pfn) || named.has(pfn)) shared.add(pfn);
  }
  stretches.sort((a, b) => a.start - b.start);
  let before: (typeof stretches)[number] | undefined;
  for (const each of stretches) {
    for (const bits of [single, named]) {
      const pfn = bits.next(each.start);
      if (pfn < each.end) shared.add(pfn);
    }
    // Two regions that overlap are MEMBLOCK-006.
    if (before !== undefined && each.start < before.end && !(before.region && each.region)) {
      shared.add(each.start);
    }
    if (before === undefined || each.end > before.end) before = each;
  }
  return [...shared].sort((a, b) => a - b);
}

/** Everyone that refers to a page frame, in words. */
function ownersOf(handover: Handover, pfn: number): { who: string; subject: Subject }[] {
  const { pageSize } = handover;
  const owners: { who: string; subject: Subject }[] = [];
  for (const { start, end, who, subject } of references(handover)) {
    if (Number(start) < (pfn + 1) * pageSize && Number(end) > pfn * pageSize)
      owners.push({ who: who(), subject });
  }
  for (const claim of believedFolios(handover)) {
    const position = positionIn(claim, pfn);
    if (position >= 0) owners.push({ who: `${claim.name}, folio ${position}`, subject: claim.subject });
  }
  return owners;
}
