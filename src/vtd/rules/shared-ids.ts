/** Entries of one unit against each other: domain ids and tables (vtd.md 2.3). */
import type { ContextEntry, PasidEntry } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { type Entry, type Hit, onField, type VtdRule } from './row.js';
import { usesFirst, usesSecond } from './rows/pasid-entry.js';
import { at, type Sink } from './sink.js';
import type { Setting } from './tally.js';
import { placeName } from './target.js';

interface Seen<V> {
  readonly value: V;
  readonly name: string;
}

/** Keeps the first value for each key; tells it when another comes. */
function differing<K, V>(known: Map<K, Seen<V>>, key: K, value: V, name: string): Seen<V> | undefined {
  const first = known.get(key);
  if (first === undefined) known.set(key, { value, name });
  return first?.value === value ? undefined : first;
}

export interface SharedIds {
  context(entry: Entry<ContextEntry>): void;
  pasid(entry: Entry<PasidEntry>): void;
}

/** Compares entries as they come: CT-20, CT-21, PE-17 to PE-20, and what 2.3 says of first stages. */
export function createSharedIds(sink: Sink, setting: Setting): SharedIds {
  const tables = new Map<number, Seen<string>>();
  const ids = new Map<bigint, Seen<number>>();
  const stages = new Map<number, Seen<boolean>>();
  const dirty = new Map<bigint, Seen<number>>();
  const modes = new Map<string, Seen<string>>();
  const firsts = new Map<string, Seen<bigint>>();

  function see<T>(rule: VtdRule, hit: Hit, entry: Entry<T>, what: string): void {
    sink.tally.see(rule, at(hit, entry, what), setting);
  }

  function tableOf(entry: { readonly ssptptr: bigint; readonly aw: number }): string {
    return `${hex(entry.ssptptr << 12n)} with AW ${entry.aw}`;
  }

  return {
    context(entry) {
      const { did, ssptptr } = entry.value;
      const name = placeName(entry.place);
      const table = tableOf(entry.value);
      const other = differing(tables, did, table, name);
      if (other !== undefined) {
        const text = `has table ${table}, that of ${other.name} has ${other.value}`;
        see('VTD-037', onField(entry, 'did', text, { key: `${did}` }), entry, 'context entry');
      }
      const id = differing(ids, ssptptr, did, name);
      if (id !== undefined) {
        const text = `goes with table ${hex(ssptptr << 12n)}, which has id ${hex(id.value)} for ${id.name}`;
        see('VTD-038', onField(entry, 'did', text, { key: `${ssptptr}` }), entry, 'context entry');
      }
    },
    pasid(entry) {
      const { did, ssptptr, fsptptr, ssade, fspm, eafe } = entry.value;
      const name = placeName(entry.place);
      const second = usesSecond(entry.value);
      const stage = differing(stages, did, second, name);
      if (stage !== undefined) {
        const text = `is used with ${second ? 'a' : 'no'} second stage, that of ${stage.name} with ${second ? 'none' : 'one'}`;
        see('VTD-074', onField(entry, 'did', text, { key: `${did}` }), entry, 'PASID entry');
      }
      if (second) {
        const table = tableOf(entry.value);
        const other = differing(tables, did, table, name);
        if (other !== undefined) {
          const text = `has table ${table}, that of ${other.name} has ${other.value}`;
          see('VTD-075', onField(entry, 'did', text, { key: `${did}` }), entry, 'PASID entry');
        }
        const mode = differing(dirty, ssptptr, ssade, name);
        if (mode !== undefined) {
          const text = `for table ${hex(ssptptr << 12n)}, for which ${mode.name} has ${mode.value}`;
          see('VTD-076', onField(entry, 'ssade', text, { key: `${ssptptr}` }), entry, 'PASID entry');
        }
      }
      if (!usesFirst(entry.value)) return;
      // Cached translations of a first stage are tagged with domain id and PASID.
      const tag = `${did} ${entry.place.pasid ?? 0}`;
      const first = differing(firsts, tag, fsptptr, name);
      if (first !== undefined) {
        const text = `and the same PASID have the first stage ${hex(fsptptr << 12n)}, with ${first.name} ${hex(first.value << 12n)}`;
        see('VTD-140', onField(entry, 'did', text, { key: tag }), entry, 'PASID entry');
      }
      const pair = `${fsptptr} ${second ? ssptptr : ''}`;
      const mode = differing(modes, pair, `FSPM ${fspm}, EAFE ${eafe}`, name);
      if (mode === undefined) return;
      const text = `has FSPM ${fspm}, EAFE ${eafe}, but ${mode.name} has ${mode.value}`;
      see('VTD-077', onField(entry, 'fsptptr', text, { key: pair }), entry, 'PASID entry');
    },
  };
}
