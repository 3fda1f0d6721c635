/** What the entries of both stages of translation have in common: how formats follow from records and settings. */
import type { RecordType } from '../schema/record.js';
import type { VtdSettings } from '../schema/settings.js';
import { compileFormat, type EntryFormat, type FormatDescription, type ReservedMask } from './walk/format.js';

interface Bits {
  readonly lo: number;
  readonly hi: number;
}

/** Masks of an entry that maps a page of 4 KiB. */
interface PageMasks extends ReservedMask {
  readonly addressLo: number;
  readonly addressHi: number;
  readonly ignoredLo: number;
  readonly ignoredHi: number;
}

type Masks<M> = (settings: VtdSettings) => M;

/** The records of a stage. */
export interface Stage {
  readonly address: Bits;
  /** Bits that set no two leaves apart besides the ignored ones: access, address, and what hardware sets. */
  readonly notAttributes: readonly Bits[];
  /** The bit that makes an entry above level 1 a leaf. */
  readonly large: Bits;
  access(settings: VtdSettings): Pick<FormatDescription, 'present' | 'read' | 'write'>;
  readonly page: RecordType<unknown>;
  readonly pageMasks: Masks<PageMasks>;
  /** From level 2 on. */
  readonly leaves: readonly RecordType<unknown>[];
  readonly leafMasks: readonly Masks<ReservedMask>[];
  readonly tables: readonly RecordType<unknown>[];
  readonly tableMasks: readonly Masks<ReservedMask>[];
}

/** The format of a stage for each settings, made once, and the record of an entry. */
export function stageEntries(stage: Stage) {
  const { address, notAttributes, large, page, pageMasks, leaves, leafMasks, tables, tableMasks } = stage;
  const formats = new WeakMap<VtdSettings, EntryFormat>();

  function compile(settings: VtdSettings): EntryFormat {
    const masks = pageMasks(settings);
    const attributes = (half: 'lo' | 'hi', ignored: number): number =>
      notAttributes.reduce((mask, field) => mask & ~field[half], ~ignored);
    return compileFormat({
      ...stage.access(settings),
      large: large.lo,
      addressHi: address.hi,
      beyondWidth: { lo: address.lo & ~masks.addressLo, hi: address.hi & ~masks.addressHi },
      attributes: { lo: attributes('lo', masks.ignoredLo), hi: attributes('hi', masks.ignoredHi) },
      table: [undefined, ...tableMasks.map((of) => of(settings))],
      leaf: [masks, ...leafMasks.map((of) => of(settings))],
    });
  }

  return {
    format(settings: VtdSettings): EntryFormat {
      const format = formats.get(settings) ?? compile(settings);
      formats.set(settings, format);
      return format;
    },
    /** Of a level from 1 on. */
    entry(level: number, leaf: boolean): RecordType<unknown> | undefined {
      return (leaf && level <= 1 + leaves.length ? [page, ...leaves] : [page, ...tables])[level - 1];
    },
  };
}
