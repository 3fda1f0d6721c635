/** Rows on entries that point to tables, and on tables as wholes; each table comes once for each level. */
import { hex } from '../../schema/units.js';
import type { WalkObserver } from '../../validate/rule.js';
import { firstStageFormat } from '../first-stage.js';
import { secondStageFormat } from '../second-stage.js';
import { fromHalves } from '../walk/anomaly.js';
import { ACCESS_READ, ACCESS_WRITE, ENTRIES_PER_TABLE, pagesPerEntry } from '../walk/batch.js';
import { accessOf, type EntryFormat } from '../walk/format.js';
import { type TableVisit, visitOf } from '../walk/state.js';
import type { Hit, VtdRule } from './row.js';
import { crossRows } from './rows/cross.js';
import { firstStageRows } from './rows/first-stage.js';
import { secondStageRows } from './rows/second-stage.js';
import type { Sink } from './sink.js';
import type { Target } from './target.js';
import { checksOf, hitOf } from './walk-row.js';

const PAGE = 4096;
/** Stretches of input addresses whose path takes a permission away; more are not followed. */
const MAX_NARROWED = 4096;

/** Input addresses (page frame numbers) below an entry that lacks a permission. */
export interface Narrowed {
  readonly start: number;
  readonly end: number;
  readonly access: number;
}

export function formatOf({ stage, settings }: Target): EntryFormat {
  return stage === 'first' ? firstStageFormat(settings) : secondStageFormat(settings);
}

/** What watches the tables of a walk. */
export type TableWatch = Required<Pick<WalkObserver, 'table' | 'tables'>>;

/**
 * Watches the tables of a walk.
 *
 * @param narrowed receives the input addresses whose path lacks a permission
 */
export function watchTables(sink: Sink, target: Target, owner: number, narrowed: Narrowed[]): TableWatch {
  const { tally, pages } = sink;
  const { setting, name, stage, nested, levels } = target;
  const format = formatOf(target);
  const rows = stage === 'first' ? firstStageRows : secondStageRows;
  const checks = checksOf([...rows, ...crossRows], 'pointer', target);
  const { addressBits } = target;
  const plainBelow = addressBits === undefined ? Number.POSITIVE_INFINITY : 2 ** (addressBits - 32);
  let plainLo = -1;
  let plainHi = -1;
  /** Most entries differ from the one before in their address only. */
  function isPlain(lo: number, hi: number): boolean {
    return (lo & (PAGE - 1)) === plainLo && hi === plainHi;
  }

  function look(table: TableVisit): void {
    const { address, level, iova, entryAddress, lo, hi, empty } = table;
    if (!empty && address !== 0 && level < levels && isPlain(lo, hi)) return;
    const location = {
      ...target.place,
      ...(entryAddress < 0 ? {} : { address: BigInt(entryAddress) }),
      iova: BigInt(iova) * BigInt(PAGE),
    };
    if (level < levels && empty) {
      const text = `table ${hex(address)} of level ${level} of ${name} has no present entry`;
      tally.see('VTD-108', { text, key: name, location: { ...location, address: BigInt(address) } }, setting);
    }
    if (entryAddress < 0) return;
    const see = (rule: VtdRule, what: string, more: Partial<Hit> = {}) => {
      const entry = hex(fromHalves(lo, hi));
      const text = `entry ${entry} of level ${level + 1} at ${hex(entryAddress)} of ${name} ${what}`;
      tally.see(rule, { text, key: `${name} table`, found: entry, location, ...more }, setting);
    };
    const access = accessOf(format, lo, hi);
    if (access !== (ACCESS_READ | ACCESS_WRITE)) {
      const end = iova + ENTRIES_PER_TABLE * pagesPerEntry(level);
      if (narrowed.length < MAX_NARROWED) narrowed.push({ start: iova, end, access });
      if (stage === 'second')
        see('VTD-098', `takes ${(access & ACCESS_READ) === 0 ? 'read' : 'write'} permission away`);
    }
    if (address === 0 && !nested)
      see(stage === 'second' ? 'VTD-113' : 'VTD-151', 'points to a table at address 0');
    const entry = { lo, hi, level: level + 1, access };
    let plain = access === (ACCESS_READ | ACCESS_WRITE);
    for (const check of checks) {
      if (!check.test(entry)) continue;
      see(check.rule, check.what, hitOf(check));
      plain = false;
    }
    // An address limit may cut through the low half, so only where the whole high half is below it.
    if (plain && hi < plainBelow) {
      plainLo = lo & (PAGE - 1);
      plainHi = hi;
    }
  }

  return {
    table(table) {
      // Tables of a nested first stage are guest-physical: no page of the host.
      if (!nested) pages.add(table.address, table.level, owner);
      look(table);
    },
    tables(stretch) {
      const { count, addresses, words, at } = stretch;
      if (!nested) for (let nth = 0; nth < count; nth++) pages.add(addresses[nth] as number, 1, owner);
      for (let nth = 0; nth < count; nth++) {
        const lo = words[at + 2 * nth] as number;
        const hi = words[at + 2 * nth + 1] as number;
        if (addresses[nth] === 0 || !isPlain(lo, hi)) look(visitOf(stretch, nth));
      }
    },
  };
}
