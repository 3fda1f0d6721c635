/** Memory that Linux 6.16 and later keeps, by what for. */
import type { Handover } from '../../abi/model.js';
import type { BlockInfo, LuoFile, VmallocArea } from '../../abi/upstream/model.js';
import { bytesToHex } from '../../schema/text.js';
import { folioSpans } from '../outline/memfd.js';
import { nameOf } from '../outline/names.js';
import type { Place } from '../place.js';
import type { UseCollector } from './user.js';
import { collectHolder, collectTopStructures } from './uses-structures.js';

/** Pages of the session area up to luo-v3, and of a session's array of files up to luo-v4 (include/linux/kho/abi/luo.h). */
const SESSION_PAGES = 16;
const FILE_PAGES = 2;

/** Collects the map, the blobs, and what the riders keep. */
export function collectUpstream(handover: Handover, uses: UseCollector): void {
  const { subtrees, pageSize, fdtAddress, preservedMap, memblock, khoTest } = handover;
  if (subtrees === undefined) return;
  noteUntold(handover, uses);
  const metadata = (place: Place, what: string, key: string): number =>
    uses.user({ place, what, kind: 'metadata', key });
  const tree = metadata({ part: 'tree' }, 'the root tree', 'tree');
  if (fdtAddress !== undefined) uses.add(tree, Number(fdtAddress), Number(fdtAddress) + pageSize);
  const map = metadata({ part: 'preserved' }, 'the preserved memory map', 'map');
  for (const page of preservedMap?.pages ?? []) addPages(uses, map, page, 1, pageSize);
  for (const { name = '', address, size, blob } of subtrees) {
    if (address === undefined) continue;
    const length = Number(size ?? BigInt(blob?.length ?? 1));
    const user = metadata({ part: 'subtree', subtree: name }, 'the blob', `blob ${name}`);
    uses.add(user, Number(address), Number(address) + Math.max(length, 1));
  }
  for (const { name = '', start, size } of memblock?.regions ?? []) {
    if (start === undefined || size === undefined) continue;
    const place: Place = { part: 'memblock', region: name };
    const user = uses.user({ place, what: 'contents', kind: 'fixed', key: `region ${name}` });
    uses.add(user, Number(start), Number(start + size), 0);
  }
  if (khoTest !== undefined) {
    const place: Place = { part: 'kho-test' };
    const user = uses.user({ place, what: 'folios', kind: 'object', key: 'kho-test' });
    for (const { address, order } of khoTest.folios ?? []) {
      uses.add(user, Number(address), Number(address) + pageSize * 2 ** order);
    }
    if (khoTest.area !== undefined) {
      addArea(uses, metadata(place, 'the list of folios', 'kho-test list'), khoTest.area, pageSize);
    }
  }
  collectLuo(handover, uses, metadata({ part: 'luo' }, 'the records', 'luo'));
  collectTopStructures(handover, uses);
}

/** Subsystems that are there, and whose blobs or lists the dump does not hold. */
function noteUntold({ subtrees, luo, memblock, khoTest }: Handover, uses: UseCollector): void {
  const has = (name: string): boolean => subtrees?.some((subtree) => subtree.name === name) === true;
  const noSessions = luo?.sessions === undefined && luo?.sessionsAddress !== 0n;
  if (has('LUO') && noSessions) uses.untold('file ');
  for (const { name, files, filesAddress } of luo?.sessions ?? []) {
    if (files === undefined && filesAddress !== 0n) uses.untold(`file ${bytesToHex(nameOf(name))} `);
  }
  if (has('memblock') && memblock === undefined) uses.untold('region ');
  const folios = khoTest?.folios?.length ?? -1;
  if (has('kho_test') && folios < (khoTest?.nrFolios ?? 0)) uses.untold('kho-test');
}

function collectLuo(handover: Handover, uses: UseCollector, records: number): void {
  const { luo, pageSize, preserved } = handover;
  if (luo === undefined) return;
  const { sessionBlocks, sessionsAddress, sessionCount, abiHeader, flbsAddress, flbPages } = luo;
  if (abiHeader !== undefined) addPages(uses, records, Number(abiHeader), 1, pageSize);
  if (flbsAddress !== undefined && flbsAddress !== 0n) {
    addPages(uses, records, Number(flbsAddress), Number(flbPages ?? 1n), pageSize);
  }
  addBlocks(uses, records, sessionBlocks, pageSize);
  if (sessionCount !== undefined) addPages(uses, records, Number(sessionsAddress), SESSION_PAGES, pageSize);
  for (const flb of luo.flbs ?? []) {
    const place: Place = { part: 'luo', flb: nameOf(flb.name) };
    collectHolder(flb, place, `flb ${bytesToHex(nameOf(flb.name))}`, handover, uses);
  }
  for (const session of luo.sessions ?? []) {
    addBlocks(uses, records, session.fileBlocks, pageSize);
    if (session.fileBlocks === undefined && session.filesAddress !== 0n) {
      addPages(uses, records, Number(session.filesAddress), FILE_PAGES, pageSize);
    }
    const name = nameOf(session.name);
    for (const file of session.files ?? []) collectFile(file, name);
  }

  function collectFile(file: LuoFile, session: Uint8Array): void {
    const { token, memfd } = file;
    const place: Place = { part: 'luo', session, token };
    const key = `file ${bytesToHex(session)} ${token}`;
    if (memfd === undefined) {
      if (!collectHolder(file, place, key, handover, uses)) uses.untold(key);
      return;
    }
    const list = uses.user({ place, what: 'the list of folios', kind: 'metadata', key: `list of ${key}` });
    if (memfd.origin.address !== undefined) addPages(uses, list, Number(memfd.origin.address), 1, pageSize);
    addArea(uses, list, memfd.area, pageSize);
    const user = uses.user({ place, what: 'contents', kind: 'object', key });
    for (const { start, end, aspects } of folioSpans(memfd, preserved?.pages, pageSize, true)) {
      const address = aspects?.find(({ name }) => name === 'address')?.at;
      if (address !== undefined) uses.add(user, address, address + (end - start), start);
    }
  }
}

function addBlocks(
  uses: UseCollector,
  user: number,
  blocks: readonly BlockInfo[] | undefined,
  pageSize: number,
): void {
  for (const { address } of blocks ?? []) addPages(uses, user, Number(address), 1, pageSize);
}

function addArea(
  uses: UseCollector,
  user: number,
  { chunks, runs, runSize }: VmallocArea,
  pageSize: number,
): void {
  for (const chunk of chunks) addPages(uses, user, chunk, 1, pageSize);
  for (const run of runs) uses.add(user, run, run + runSize);
}

/** Whole pages from the one that holds an address. */
function addPages(uses: UseCollector, user: number, address: number, count: number, pageSize: number): void {
  const start = address - (address % pageSize);
  uses.add(user, start, start + count * pageSize);
}
