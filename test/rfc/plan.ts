/** What a dump shall hold, in terms that shrink well: every plan is a consistent dump. */
import fc from 'fast-check';

/** One map call. Values that do not fit are brought into range by the builder. */
export interface AreaPlan {
  /** Unmapped pages before it. */
  readonly gap: number;
  /** First page of the file. */
  readonly offset: number;
  readonly pages: number;
  /** IOMMU_READ 1, IOMMU_WRITE 2, and IOMMU_CACHE 4 as the ioctl sets it. */
  readonly prot: number;
}

/** An IOAS; one with areas has a file of its own, which all of them map. */
export interface IoasPlan {
  /** Size of the file in 2 MiB blocks. */
  readonly blocks: number;
  readonly areas: readonly AreaPlan[];
}

/** A persistent iommufd; it has a domain if it has areas. */
export interface IommufdPlan {
  readonly persistentId: number;
  /** 1 to 3. */
  readonly agaw: number;
  readonly ioases: readonly IoasPlan[];
}

export interface DumpPlan {
  /** Patch 13: IOASes carry pinned-file-handle, and files count pins. */
  readonly handles: boolean;
  /** The first one has the persistent id 1. */
  readonly iommufds: readonly IommufdPlan[];
  /** Sizes in blocks of files that nobody maps. */
  readonly spareFiles: readonly number[];
  /** Prefixes of file names, used in turn. */
  readonly names: readonly string[];
  /** Blocks of the region that no file uses, at least 1. */
  readonly freeBlocks: number;
  readonly largePages: { readonly size2M: boolean; readonly size1G: boolean };
  /** Distance of table pages, in pages. */
  readonly stride: number;
  readonly ftraceCpus: number;
}

/** A dump with something of everything. */
export const SAMPLE_PLAN: DumpPlan = {
  handles: true,
  iommufds: [
    {
      persistentId: 1,
      agaw: 2,
      ioases: [
        {
          blocks: 3,
          areas: [
            { gap: 0, offset: 0, pages: 512, prot: 7 },
            { gap: 16, offset: 514, pages: 20, prot: 5 },
            { gap: 2 ** 28, offset: 1024, pages: 512, prot: 7 },
          ],
        },
        { blocks: 1, areas: [] },
      ],
    },
    { persistentId: 4, agaw: 1, ioases: [{ blocks: 1, areas: [{ gap: 3, offset: 7, pages: 9, prot: 7 }] }] },
  ],
  spareFiles: [2],
  names: ['vm '],
  freeBlocks: 4,
  largePages: { size2M: true, size1G: false },
  stride: 1,
  ftraceCpus: 2,
};

const areaArbitrary: fc.Arbitrary<AreaPlan> = fc.record({
  gap: fc.oneof(
    fc.nat(64),
    // Around the spans of one entry of each level.
    fc.constantFrom(2 ** 9 - 1, 2 ** 9, 2 ** 18 - 1, 2 ** 18, 2 ** 27, 2 ** 36 + 5),
  ),
  offset: fc.nat(2047),
  pages: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(511, 512, 513, 1024)),
  // Not 6: leaves of the series are readable whatever the area says, which is a finding of its own.
  prot: fc.constantFrom(5, 7),
});

const iommufdArbitrary = fc.record({
  skip: fc.nat(3),
  agaw: fc.integer({ min: 1, max: 3 }),
  ioases: fc.array(
    fc.record({
      blocks: fc.integer({ min: 1, max: 4 }),
      areas: fc.array(areaArbitrary, { maxLength: 4 }),
    }),
    { maxLength: 3 },
  ),
});

/** Any plan; shrinks towards the empty one. */
export function planArbitrary(): fc.Arbitrary<DumpPlan> {
  return fc
    .record({
      handles: fc.boolean(),
      iommufds: fc.array(iommufdArbitrary, { maxLength: 3 }),
      spareFiles: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      names: fc.array(fc.stringMatching(/^[a-z ._\-é日]{0,20}$/), { maxLength: 3 }),
      freeBlocks: fc.integer({ min: 1, max: 70 }),
      largePages: fc.record({ size2M: fc.boolean(), size1G: fc.boolean() }),
      stride: fc.integer({ min: 1, max: 3 }),
      ftraceCpus: fc.nat(3),
    })
    .map(({ iommufds, ...plan }) => {
      let persistentId = 0;
      return {
        ...plan,
        iommufds: iommufds.map(({ skip, ...iommufd }, i) => {
          persistentId += i === 0 ? 1 : 1 + skip;
          return { persistentId, ...iommufd };
        }),
      };
    });
}
