/** What answers are made from: a handover, or what a page has been given of one. */
import type { Handover } from '../abi/model.js';
import type { LuoFile, LuoSession, PreservedPages, VmallocArea } from '../abi/upstream/model.js';
import type { ByteState, PhysicalMemory } from '../memory/physical.js';
import { emptyMemory } from '../memory/segments.js';
import type { Claim, Entries } from '../references/claim.js';
import { claimsOf, fileOf, folioClaims } from '../references/claims.js';
import { addReferences } from '../references/references.js';
import type { ReferenceSink } from '../references/sink.js';
import { addTables } from '../references/tables.js';
import { addTranslationUnit } from '../references/translation.js';
import type { CountedFolios, FolioColumns } from '../structures/folios.js';
import { recordName } from './hit.js';
import type { Landing } from './landing.js';
import type { MappingLookup } from './mapped.js';
import { type InnerRecord, innerRecords } from './parts.js';
import type { SpaceName } from './query.js';
import { rootOf } from './root.js';
import { landing, type Space, type SpaceUnit, spacesOf } from './spaces.js';

/** A list of folios, and the file that it is of. */
export interface OwnedFolios {
  readonly session: Pick<LuoSession, 'name'>;
  readonly file: Pick<LuoFile, 'token' | 'compatible'>;
  readonly list: Pick<CountedFolios, 'order'> & {
    readonly area: Pick<CountedFolios['area'], 'runs' | 'runSize'>;
    readonly folios: {
      /** Entries, many at a time, from the first on. */
      columns(): Iterable<Pick<FolioColumns, 'length' | 'pfn' | 'index' | 'count' | 'step'>>;
    };
  };
}

/** The parts of the model that answers look at. */
export type WhatModel = Pick<Handover, 'pageSize' | 'setupData' | 'scratch' | 'image'> & {
  readonly preservedMap?: { readonly complete: boolean } | undefined;
  readonly preserved?:
    | {
        readonly pages?: Pick<PreservedPages, 'orders' | 'has'>;
        readonly ranges?: Iterable<{ readonly start: bigint; readonly end: bigint }>;
      }
    | undefined;
};

/** Kinds of what a source may hold a part of only. */
export type Cut = 'folios' | 'blocks' | 'states' | 'records' | 'mappings' | 'findings';

/** Contents that one owner has, or its trace buffers. */
export interface OwnedContents extends Pick<Claim, 'place' | 'subject' | 'name' | 'runs'> {
  readonly entries?: {
    /** The kernel's names, and bytes of one. */
    readonly record: string;
    readonly field: string;
    readonly size: number;
    readonly at: number | Pick<VmallocArea, 'runs' | 'runSize'>;
    readonly unit?: number;
    readonly what: (i: number) => string;
  };
}

export interface WhatSource extends WhatModel {
  /** Bytes of records; whatever else there is need not be in it. */
  readonly memory: PhysicalMemory;
  /** Whether the dump has a byte. */
  state(address: number): ByteState;
  /** Tells the references; page tables, and what they map, where the sink listens to them. */
  references(sink: ReferenceSink): void;
  /** Tells, after the references and to the same sink, page tables that only units and spaces lead to. */
  translations(sink: ReferenceSink, lookup: MappingLookup): void;
  /** Records inside of others, which the references tell as a whole. */
  inner(): Iterable<InnerRecord>;
  folioLists(): Iterable<OwnedFolios>;
  /** Contents that no list of folios tells. */
  contents(): Iterable<OwnedContents>;
  /** Top tables, and who uses them. */
  spaces(): readonly Pick<Space, 'root' | 'users'>[];
  landing(space: SpaceName, iova: bigint): Landing;
  /** What it holds not all of; then an answer may lack something, and says so. */
  readonly cut?: ReadonlySet<Cut>;
}

function entriesOf({ record, at, unit, what }: Entries): OwnedContents['entries'] & object {
  return {
    ...{
      record: recordName(record),
      field: record.fields[0]?.kernelName ?? '',
      size: record.size ?? 0,
      what,
    },
    at: typeof at === 'object' ? at : Number(at),
    ...(unit === undefined ? {} : { unit }),
  };
}

/**
 * A handover as a source.
 *
 * @param units remapping units besides those that the handover records
 */
export function handoverSource(handover: Handover, units: readonly SpaceUnit[] = []): WhatSource {
  const { pageSize, preserved } = handover;
  const memory = handover.memory ?? emptyMemory();
  let walked = new Set<bigint>();
  let known: Space[] | undefined;
  const spaces = (): Space[] => {
    known ??= spacesOf(handover, units);
    return known;
  };
  return {
    ...handover,
    memory,
    state(address) {
      for (const { state } of handover.memory?.runs(address, address + 1) ?? []) return state;
      return 'absent';
    },
    references(sink) {
      walked = new Set();
      const own: ReferenceSink =
        sink.untranslated === true
          ? sink
          : {
              ...sink,
              table(page) {
                walked.add(page.root);
                sink.table(page);
              },
            };
      addReferences(own, handover, rootOf(handover), handover.memory);
    },
    translations(sink) {
      if (handover.memory === undefined) return;
      const context = { sink, memory, pageSize, preserved: preserved?.pages };
      for (const unit of units) addTranslationUnit(context, unit);
      for (const { root, stage, request, users } of spaces()) {
        if (walked.has(root)) continue;
        const owner = users.map(({ device, domain }) => device ?? `domain ${domain ?? '?'}`).join(', ');
        addTables(context, { root, stage, levels: request.levels, format: request.format, owner });
      }
    },
    inner: () => innerRecords(handover),
    *folioLists() {
      for (const claim of folioClaims(handover)) {
        const of = fileOf(claim);
        if (of !== undefined) yield { ...of, list: claim.folios };
      }
    },
    *contents() {
      for (const { at, place, name, subject, folios, runs, entries } of claimsOf(handover)) {
        if (place.part !== 'ftrace' && (at !== 'contents' || folios !== undefined)) continue;
        yield {
          place,
          name,
          subject,
          runs,
          ...(entries === undefined ? {} : { entries: entriesOf(entries) }),
        };
      }
    },
    spaces,
    landing: (space, iova) => landing(handover, units, space, iova),
  };
}
