/** Units and top tables that are handed over: whether they can be tables, and which context tables there are. */

import { dataView } from '../../decode/bytes.js';
import { readBytes } from '../../memory/read.js';
import { ROOT_ENTRY_SIZE, readRootEntry, readScalableRootEntry } from '../../records/vtd.js';
import { IOMMU } from '../../validate/reads.js';
import { rulesOf } from '../../validate/shapes.js';
import { hex, listed } from '../../validate/text.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
import { rootPointer } from '../../vtd/registers.js';
import { handedSubject } from '../../vtd/rules/target.js';
import type { Stage } from './attachments.js';
import { IOMMU_TYPE } from './model.js';
import { fieldOf, handedOf } from './rules-tables-shared.js';
import { liveDevices, type RecordedUnit } from './units.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: IOMMU });

const PAGE = 4096n;
const LIMIT = 1n << 52n;
const BUSES = 256;

/** Why an address can be no table; undefined when it can. */
export function noTable(address: bigint): string | undefined {
  if (address === 0n) return 'is 0';
  if (address % PAGE !== 0n) return 'is not page aligned';
  return address >= LIMIT ? 'exceeds 52 bits' : undefined;
}

/** First-stage tables have 4 or 5 levels, of second-stage ones hardware knows 3, 4 and 5. */
function leastLevel(stage: Stage | undefined): bigint {
  return stage === 'first' ? 3n : 2n;
}

/** Whether tables of a stage can have a top table of that level. */
export function isDepth(topLevel: bigint, stage: Stage | undefined): boolean {
  return topLevel >= leastLevel(stage) && topLevel <= 4n;
}

export const canBeTables = rule({
  id: 'IOMMU-059',
  title: 'root_table and top_table are the address of a page, and top_level is a depth of their stage',
  source: 'upstream 4.5 (D, seen in captures)',
  evidence: 'drivers/iommu/generic_pt/fmt/vtdss.h, x86_64.h (levels); VT-d 11.4.5 (RTADDR_REG)',
  consequence:
    'the next kernel hits a BUG_ON when it cannot restore the page, or takes other memory for a table',
  check(context, report) {
    const handed = handedOf(context, report);
    if (handed === undefined) return;
    const { state, domains } = handed;
    for (const unit of state.units.items) {
      const { deleted, type, intel, token } = unit;
      if (deleted || type !== IOMMU_TYPE.intel || intel === undefined) continue;
      const why = noTable(intel.rootTable);
      if (why === undefined) continue;
      report.finding({
        message: `root_table ${hex(intel.rootTable)} of the unit ${hex(token)} ${why}`,
        location: fieldOf(state, 'units', unit, 'rootTable', 'intel'),
        found: hex(intel.rootTable),
        expected: 'address of a page',
      });
    }
    for (const each of domains) {
      const { domain, name, stage } = each;
      const why = noTable(domain.topTable);
      if (why !== undefined)
        report.finding({
          subject: handedSubject(each),
          message: `top_table ${hex(domain.topTable)} of ${name} ${why}`,
          location: fieldOf(state, 'domains', domain, 'topTable'),
          found: hex(domain.topTable),
          expected: 'address of a page',
        });
      const least = leastLevel(stage?.stage);
      if (isDepth(domain.topLevel, stage?.stage)) continue;
      report.finding({
        subject: handedSubject(each),
        message: `top_level of ${name} is ${domain.topLevel}, but ${stage === undefined ? '' : `${stage.stage}-stage `}tables have ${least + 1n} to 5 levels`,
        location: fieldOf(state, 'domains', domain, 'topLevel'),
        found: `${domain.topLevel}`,
        expected: `${least} to 4`,
      });
    }
  },
});

/** Bits of the context tables that a root table has. */
function tablesOf({ mode }: RecordedUnit, bytes: Uint8Array): Set<number> {
  const view = dataView(bytes);
  const bits = new Set<number>();
  for (let bus = 0; bus < BUSES; bus++) {
    const offset = bus * ROOT_ENTRY_SIZE;
    if (mode === 'legacy') {
      if (readRootEntry(view, offset).p === 1) bits.add(bus * 2);
      continue;
    }
    const { lp, up } = readScalableRootEntry(view, offset);
    if (lp === 1) bits.add(bus * 2);
    if (up === 1) bits.add(bus * 2 + 1);
  }
  return bits;
}

function tableName(mode: RecordedUnit['mode'], bit: number): string {
  const bus = `bus ${(bit >> 1).toString(16).padStart(2, '0')}`;
  if (mode === 'legacy' && bit % 2 === 0) return bus;
  return `${bit % 2 === 0 ? 'the lower' : 'the upper'} half of ${bus}`;
}

export const contextTables = rule({
  id: 'IOMMU-054',
  title:
    'context_tables_bitmap of a unit has a bit for every context table of its root table, and only those',
  source: 'upstream 4.5 (seen in captures)',
  evidence: 'drivers/iommu/intel/liveupdate.c preserve_context_table of the series',
  consequence:
    'a context table without a bit is not preserved, but the hardware still uses it; for a bit without a table the next kernel restores a page that was not preserved',
  requires: ['IOMMU-022'],
  check(context, report) {
    const handed = handedOf(context, report);
    if (handed === undefined) return;
    const { state, units, memory } = handed;
    const known = units.filter(({ unit }) => unit.intel?.contextTables !== undefined);
    if (known.length === 0) report.skip('no unit of a form with a bitmap is handed over');
    for (const recorded of known) {
      const { unit, mode, name } = recorded;
      const { address } = rootPointer(recorded.rtaddr);
      const bytes = readBytes(memory, address, BUSES * ROOT_ENTRY_SIZE);
      if (bytes === undefined) {
        report.absent(`the root table of ${name}`, address);
        continue;
      }
      const there = tablesOf(recorded, bytes);
      // A root table with none at all is another page: IOMMU-050.
      if (there.size === 0) continue;
      const named = new Set<number>();
      for (const [word, bits] of (unit.intel?.contextTables ?? []).entries())
        for (let bit = 0; bit < 64; bit++)
          if (((bits >> BigInt(bit)) & 1n) === 1n) named.add(word * 64 + bit);
      const extra = [...named].filter((bit) => !there.has(bit));
      const lacking = [...there].filter((bit) => !named.has(bit));
      const tell = (bits: readonly number[], text: string, warning: boolean): void => {
        if (bits.length === 0) return;
        const names = listed(
          bits.map((bit) => tableName(mode, bit)),
          6,
        );
        report.finding({
          ...(warning ? { severity: 'warning' as const } : {}),
          message: `context_tables_bitmap of ${name} ${text} ${names}`,
          location: fieldOf(state, 'units', unit, 'contextTables', 'intel'),
          found: `${named.size} tables`,
          expected: `${there.size} tables`,
        });
      };
      tell(extra, 'has bits for context tables that its root table does not have:', false);
      // A table that came after the last device was preserved is lost for devices that are not handed over only.
      const used = new Set(
        liveDevices(state, { unit: unit.address }).map(({ bdf }) =>
          mode === 'legacy' ? (bdf >> 8) * 2 : (bdf >> 7) & 0x1ff,
        ),
      );
      tell(
        lacking.filter((bit) => used.has(bit)),
        'lacks the context tables of devices that are handed over:',
        false,
      );
      tell(
        lacking.filter((bit) => !used.has(bit)),
        'lacks context tables that its root table has:',
        true,
      );
    }
  },
});
