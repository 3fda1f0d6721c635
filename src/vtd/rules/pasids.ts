/** PASID directories and tables of a unit, each page once. */
import * as records from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { pasidBudgetOf } from '../context/list.js';
import { directoryEntries, PASIDS_PER_TABLE } from '../context/path.js';
import { pageAddress } from '../context/structure.js';
import { PASID_DIRECTORY, PASID_TABLE } from './page-log.js';
import { isTorn, leadsAstray, lookOf, seeEmpty, seeNoRam, seeNoTable, TORN } from './pointed.js';
import type { Entry, Place, Scope } from './row.js';
import { directoryRows } from './rows/pasid-directory.js';
import { pasidEntryRows } from './rows/pasid-entry.js';
import type { SharedIds } from './shared-ids.js';
import { judge, readKnown, type Sink, wordsOf } from './sink.js';
import type { Setting } from './tally.js';
import { placeName, placeSubject } from './target.js';
import type { TargetList } from './target-list.js';
import type { Capabilities, VtdUnit } from './unit.js';

const PAGE = 4096;
const BELOW: readonly Scope[] = [
  'pasid-directory-entry',
  'pasid-entry',
  'second-stage',
  'first-stage',
  'table',
  'unit-table',
];

interface PasidsOptions {
  readonly sink: Sink;
  readonly unit: VtdUnit;
  readonly caps: Capabilities;
  readonly setting: Setting;
  readonly ids: SharedIds;
  readonly list: TargetList;
}

export interface Pasids {
  /** Follows the directory of a scalable context entry. */
  directory(context: Entry<records.ScalableContextEntry>): void;
}

export function createPasids({ sink, unit, caps, setting, ids, list }: PasidsOptions): Pasids {
  const directories = new Set<string>();
  const tables = new Map<number, string>();
  const { tally, memory, pages, seen } = sink;
  let budget = pasidBudgetOf(memory);

  function table(
    context: Entry<records.ScalableContextEntry>,
    from: Entry<records.PasidDirEntry>,
    firstPasid: number,
  ): void {
    const { place } = context;
    const address = pageAddress(from.value.smptblptr);
    const name = `${placeName({ bus: place.bus, ...(place.devfn === undefined ? {} : { devfn: place.devfn }) })}, PASIDs from ${hex(firstPasid)}`;
    const subject = placeSubject({ ...place, pasid: firstPasid });
    const location = { address: BigInt(from.address) };
    const known = tables.get(address);
    if (known !== undefined) {
      const text = `the PASID table ${hex(address)} of ${name} is also that of ${known}`;
      tally.see('VTD-057', { text, key: `${address}`, subject, location }, setting);
      return;
    }
    tables.set(address, name);
    const what = `PASID table of ${name}`;
    const why = `the ${what} is not reached`;
    if (address === 0 || address >= 2 ** caps.settings.haw) {
      sink.blocked(BELOW.slice(1), why);
      return;
    }
    const bytes = readKnown(memory, address, PAGE);
    if (bytes.length === 0 && leadsAstray(sink, address, from.address)) {
      seeNoRam(sink, setting, what, address, from.address);
      sink.blocked(BELOW.slice(1), why);
      return;
    }
    if (bytes.length < PAGE) {
      const text = `the PASID table ${hex(address)} of ${name} is not in the dump`;
      tally.see('VTD-055', { text, subject, location }, setting);
      sink.absent(BELOW.slice(1), 'a PASID table', address + bytes.length);
    }
    if (bytes.length === 0) {
      if (unit.recorded === true) pages.add(address, PASID_TABLE, -1);
      return;
    }
    const looks = lookOf(bytes, records.PASID_ENTRY_SIZE, (view, at) =>
      records.pasidEntryMasks(caps.settings, records.readPasidEntry(view, at)),
    );
    if (looks === 'other') {
      seeNoTable(sink, setting, what, address, from.address);
      sink.blocked(BELOW.slice(1), why);
      return;
    }
    pages.add(address, PASID_TABLE, -1);
    seen.add('pasid-entry');
    const view = new DataView(bytes.buffer);
    const size = records.PASID_ENTRY_SIZE;
    for (let index = 0; (index + 1) * size <= bytes.length; index++) {
      const words = wordsOf(view, index * size, size);
      if (words.every((word) => word === 0n)) continue;
      const value = records.readPasidEntry(view, index * size);
      const entry: Entry<records.PasidEntry> = {
        type: records.pasidEntry,
        value,
        words,
        address: address + index * size,
        place: { ...place, pasid: firstPasid + index },
        unit,
        caps,
      };
      if (value.p === 1) present(entry, context.value);
      else stale(entry);
    }
  }

  function present(entry: Entry<records.PasidEntry>, context: records.ScalableContextEntry): void {
    judge(sink, pasidEntryRows, entry, setting, 'PASID entry');
    ids.pasid(entry);
    list.pasid(entry, context);
  }

  function stale({ place, words, address, value }: Entry<records.PasidEntry>): void {
    const [first = 0n] = words;
    const torn = isTorn(words);
    // FPD alone is what Linux leaves where faults are to be ignored.
    if (!torn && first === BigInt(value.fpd) << BigInt(records.PASID_ENTRY_BITS.fpd.shift)) return;
    const found = torn ? words.slice(0, 3).map(hex).join(' ') : hex(first);
    const text = `PASID entry of ${placeName(place)} is not present but not 0: ${found}${torn ? TORN : ''}`;
    // Words are cleared one after the other, the first one first.
    const more = {
      ...(torn ? { key: 'torn' } : {}),
      ...(torn && first === 0n ? ({ severity: 'warning' } as const) : {}),
    };
    tally.see(
      'VTD-079',
      { text, subject: placeSubject(place), location: { address: BigInt(address) }, found, ...more },
      setting,
    );
  }

  function staleDirectoryEntry(
    place: Place,
    [word = 0n]: readonly bigint[],
    { fpd }: records.PasidDirEntry,
    address: number,
  ): void {
    // FPD counts in absent entries too.
    if (word === BigInt(fpd) << BigInt(records.PASID_DIR_ENTRY_BITS.fpd.shift)) return;
    const torn = isTorn([word]) ? TORN : '';
    const text = `PASID directory entry of ${placeName(place)} is not present but not 0: ${hex(word)}${torn}`;
    tally.see(
      'VTD-156',
      { text, subject: placeSubject(place), location: { address: BigInt(address) }, found: hex(word) },
      setting,
    );
  }

  /** Whether RID_PASID of the context has a present entry (SC-12); unknown bytes count as present. */
  function ridPasid({ value, place, address }: Entry<records.ScalableContextEntry>): void {
    const index = Math.floor(value.ridPasid / PASIDS_PER_TABLE);
    if (index >= directoryEntries(value)) return;
    const size = records.PASID_DIR_ENTRY_SIZE;
    const bytes = readKnown(memory, pageAddress(value.pasiddirptr) + index * size, size);
    if (bytes.length < size) return;
    const entry = records.readPasidDirEntry(new DataView(bytes.buffer), 0);
    let absent = entry.p === 0;
    if (!absent) {
      const slot = (value.ridPasid % PASIDS_PER_TABLE) * records.PASID_ENTRY_SIZE;
      const found = readKnown(memory, pageAddress(entry.smptblptr) + slot, records.PASID_ENTRY_SIZE);
      if (found.length < records.PASID_ENTRY_SIZE) return;
      absent = records.readPasidEntry(new DataView(found.buffer), 0).p === 0;
    }
    if (!absent) return;
    const text = `context entry of ${placeName(place)}: PASID ${hex(value.ridPasid)}, that of requests without PASID, has no present entry`;
    tally.see(
      'VTD-051',
      {
        text,
        subject: placeSubject({ ...place, pasid: value.ridPasid }),
        location: { address: BigInt(address) },
      },
      setting,
    );
  }

  return {
    directory(context) {
      const { value, place } = context;
      const start = pageAddress(value.pasiddirptr);
      const key = `${start} ${value.pdts}`;
      ridPasid(context);
      if (directories.has(key)) return;
      const what = `PASID directory of ${placeName(place)}`;
      const why = `the ${what} is not reached`;
      if (start === 0 || start >= 2 ** caps.settings.haw) {
        sink.blocked(BELOW, why);
        return;
      }
      directories.add(key);
      const masks = [records.pasidDirEntryMasks(caps.settings)];
      let present = 0;
      const size = records.PASID_DIR_ENTRY_SIZE;
      const end = start + directoryEntries(value) * size;
      for (let page = start; page < end; page += PAGE) {
        const length = Math.min(PAGE, end - page);
        budget -= length / size;
        if (budget < 0) {
          sink.absent(BELOW, 'the rest of the PASID directories (too many to be plausible)', page);
          return;
        }
        const bytes = readKnown(memory, page, length);
        if (page === start && bytes.length === 0 && leadsAstray(sink, start, context.address)) {
          seeNoRam(sink, setting, what, start, context.address);
          sink.blocked(BELOW, why);
          return;
        }
        if (page === start && lookOf(bytes, size, () => masks) === 'other') {
          seeNoTable(sink, { ...setting, subject: placeSubject(place) }, what, start, context.address);
          sink.blocked(BELOW, why);
          return;
        }
        if (bytes.length < length) {
          const text = `the PASID directory ${hex(start)} of ${placeName(place)} is not in the dump from ${hex(page + bytes.length)} on`;
          tally.see(
            'VTD-049',
            { text, subject: placeSubject(place), location: { address: BigInt(context.address) } },
            setting,
          );
          sink.absent(BELOW, 'a PASID directory', page + bytes.length);
        }
        if (bytes.length === 0) return;
        pages.add(page, PASID_DIRECTORY, -1);
        seen.add('pasid-directory-entry');
        const view = new DataView(bytes.buffer);
        for (let offset = 0; offset + size <= bytes.length; offset += size) {
          const entry = records.readPasidDirEntry(view, offset);
          if (entry.p === 0) {
            staleDirectoryEntry(place, wordsOf(view, offset, size), entry, page + offset);
            continue;
          }
          present++;
          const from: Entry<records.PasidDirEntry> = {
            type: records.pasidDirEntry,
            value: entry,
            words: wordsOf(view, offset, size),
            address: page + offset,
            place,
            unit,
            caps,
          };
          judge(sink, directoryRows, from, setting, 'PASID directory entry');
          table(context, from, ((page + offset - start) / size) * PASIDS_PER_TABLE);
        }
      }
      if (present === 0)
        seeEmpty(sink, { ...setting, subject: placeSubject(place) }, what, start, context.address);
    },
  };
}
