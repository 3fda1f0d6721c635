/** Memory that Linux 6.16 and later keeps, by what for. */
import type { Handover } from '../../abi/model.js';
import type { KhoTestFolio, Luo, VmallocArea } from '../../abi/upstream/model.js';
import { bytesToHex } from '../../schema/text.js';
import { luoMemory } from '../../structures/luo/rules-memory.js';
import { nameOf } from '../outline/names.js';
import type { Place } from '../place.js';
import { type Use, type UseCollector, useColumns } from './user.js';
import { collectHolder, collectTopStructures } from './uses-structures.js';

/** Collects the map, the blobs, and what the riders keep. */
export function collectUpstream(handover: Handover, uses: UseCollector): void {
  const { subtrees, pageSize, fdtAddress, preservedMap, memblock, khoTest } = handover;
  if (subtrees === undefined) return;
  noteUntold(handover, uses);
  const metadata = (place: Place, what: string, key: string, runs: () => Iterable<Use>): void =>
    uses.user({ place, what, kind: 'metadata', key, runs: () => useColumns(runs()) });
  const tree =
    fdtAddress === undefined ? [] : [{ start: Number(fdtAddress), end: Number(fdtAddress) + pageSize }];
  metadata({ part: 'tree' }, 'the root tree', 'tree', () => tree);
  const map = preservedMap?.pages ?? [];
  metadata({ part: 'preserved' }, 'the preserved memory map', 'map', function* () {
    for (const page of map) yield pagesAt(page, 1, pageSize);
  });
  for (const { name = '', address, size, blob } of subtrees) {
    if (address === undefined) continue;
    const length = Number(size ?? BigInt(blob?.length ?? 1));
    const run = { start: Number(address), end: Number(address) + Math.max(length, 1) };
    metadata({ part: 'subtree', subtree: name }, 'the blob', `blob ${name}`, () => [run]);
  }
  for (const { name = '', start, size } of memblock?.regions ?? []) {
    if (start === undefined || size === undefined) continue;
    const run = { start: Number(start), end: Number(start + size), position: 0 };
    uses.user({
      ...{
        place: { part: 'memblock', region: name },
        what: 'contents',
        kind: 'fixed',
        key: `region ${name}`,
      },
      runs: () => useColumns([run]),
    });
  }
  if (khoTest !== undefined) {
    const { folios = [], area } = khoTest;
    const place: Place = { part: 'kho-test' };
    uses.user({
      ...{ place, what: 'folios', kind: 'object', key: 'kho-test' },
      *runs() {
        yield* useColumns(testRuns(folios, pageSize));
      },
    });
    if (area !== undefined) {
      metadata(place, 'the list of folios', 'kho-test list', () => areaRuns(area, pageSize));
    }
  }
  collectLuo(handover, uses);
  collectTopStructures(handover, uses);
}

function* testRuns(folios: Iterable<KhoTestFolio>, pageSize: number): Generator<Use> {
  for (const { address, order } of folios) {
    yield { start: Number(address), end: Number(address) + pageSize * 2 ** order };
  }
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

function collectLuo(handover: Handover, uses: UseCollector): void {
  const { luo, pageSize } = handover;
  if (luo === undefined) return;
  uses.user({
    ...{ place: { part: 'luo' }, what: 'the records', kind: 'metadata', key: 'luo' },
    runs: () => useColumns(luoRuns(luo, pageSize)),
  });
  for (const flb of luo.flbs ?? []) {
    const place: Place = { part: 'luo', flb: nameOf(flb.name) };
    collectHolder(flb, place, `flb ${bytesToHex(nameOf(flb.name))}`, handover, uses);
  }
  for (const session of luo.sessions ?? []) {
    const name = nameOf(session.name);
    for (const file of session.files ?? []) {
      const place: Place = { part: 'luo', session: name, token: file.token };
      const key = `file ${bytesToHex(name)} ${file.token}`;
      if (!collectHolder(file, place, key, handover, uses)) uses.untold(key);
    }
  }
}

/** The pages of the records themselves. */
function* luoRuns(luo: Luo, pageSize: number): Generator<Use> {
  for (const { address, pages } of luoMemory(luo)) yield pagesAt(Number(address), pages, pageSize);
}

function* areaRuns({ chunks, runs, runSize }: VmallocArea, pageSize: number): Generator<Use> {
  for (const chunk of chunks) yield pagesAt(chunk, 1, pageSize);
  for (const run of runs) yield { start: run, end: run + runSize };
}

/** Whole pages from the one that holds an address. */
function pagesAt(address: number, count: number, pageSize: number): Use {
  const start = address - (address % pageSize);
  return { start, end: start + count * pageSize };
}
