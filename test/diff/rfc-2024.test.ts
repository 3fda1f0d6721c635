/** Comparisons of the 2024 series: built dumps, moved, edited, and against each other. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { type BuiltDump, buildDump } from '../rfc/build-dump.js';
import { damaged } from '../rfc/corrupt.js';
import { decodeMemory, type Json } from '../rfc/json.js';
import { plainPlanArbitrary, SAMPLE_PLAN } from '../rfc/plan.js';
import { sweep } from '../sweep.js';
import { compared, lines, swapped } from './compared.js';
import { relocated } from './relocate.js';

const RUNS = { numRuns: sweep(40, 8) };
const GIB = 2 ** 30;

describe('a handover and itself', () => {
  test('differ in nothing, whatever it holds', () => {
    fc.assert(
      fc.property(plainPlanArbitrary(), fc.boolean(), (plan, strict) => {
        const handover = decodeMemory(buildDump(plan).memory);
        const { differences, gaps, tally } = compared(handover, handover, { strict });
        expect(differences).toEqual([]);
        expect(gaps).toEqual([]);
        expect(tally).toEqual({ added: 0, removed: 0, changed: 0, expected: 0 });
        expect(coverageOf(handover, handover)).toMatchObject({ verdict: 'covered', entries: [] });
      }),
      RUNS,
    );
  });

  test('moved in memory differ in addresses alone', () => {
    fc.assert(
      fc.property(plainPlanArbitrary(), fc.integer({ min: 8, max: 64 }), (plan, gib) => {
        const dump = buildDump(plan);
        const [before, after] = [decodeMemory(dump.memory), relocated(dump, gib * GIB)];
        expect(after.diagnostics).toEqual([]);
        const { differences, gaps } = compared(before, after);
        expect(lines({ differences })).toEqual([]);
        expect(gaps).toEqual([]);
        const strict = lines(compared(before, after, { strict: true }));
        expect(strict.some((line) => line.includes('fs_mem.addr'))).toBe(true);
        expect(strict.some((line) => line.includes('preserved memory'))).toBe(true);
        if (dump.domains.length > 0)
          expect(strict.some((line) => /domain \d+ IOVA .* address/.test(line))).toBe(true);
        // Nothing is where it was: no question of what is kept.
        expect(coverageOf(before, after).verdict).toBe('not asked');
      }),
      RUNS,
    );
  });
});

/** One edit of a document, and the line that it must give; undefined where the plan has nothing to edit. */
type Mutation = (document: Json, pick: (length: number) => number) => string | undefined;

const list = (value: unknown): Json[] => (value ?? []) as Json[];
const hex = (value: unknown): string => `0x${BigInt(value as string).toString(16)}`;

function anArea(document: Json, pick: (length: number) => number) {
  const iommufds = list(document.iommufds).filter(({ ioases }) =>
    list(ioases).some(({ areas }) => list(areas).length > 0),
  );
  const iommufd = iommufds[pick(iommufds.length)];
  if (iommufd === undefined) return undefined;
  const ioases = list(iommufd.ioases).filter(({ areas }) => list(areas).length > 0);
  const ioas = ioases[pick(ioases.length)] as Json;
  const areas = list(ioas.areas);
  const area = areas[pick(areas.length)] as Json;
  const name = `iommufd ${BigInt(iommufd.persistentId as string)} IOAS ${ioas.id}`;
  return { iommufd, ioas, areas, area, name, place: `${name} area at IOVA ${hex(area.iovaStart)}` };
}

const MUTATIONS: readonly Mutation[] = [
  (document, pick) => {
    const found = anArea(document, pick);
    if (found === undefined) return undefined;
    const { area, place } = found;
    const before = area.iommuProt as number;
    area.iommuProt = before ^ 2;
    return `~ ${place} iommu-prot ${before} ${before ^ 2}`;
  },
  (document, pick) => {
    const found = anArea(document, pick);
    if (found === undefined) return undefined;
    const { area, place } = found;
    const before = BigInt(area.iovaLen as string);
    area.iovaLen = `0x${(before + 4096n).toString(16)}`;
    return `~ ${place} iova-len ${before} ${before + 4096n}`;
  },
  (document, pick) => {
    const found = anArea(document, pick);
    if (found === undefined) return undefined;
    const { areas, area, place } = found;
    areas.splice(areas.indexOf(area), 1);
    return `- ${place}`;
  },
  (document, pick) => {
    const found = anArea(document, pick);
    if (found?.ioas.pinnedFileHandle === undefined) return undefined;
    const before = BigInt(found.ioas.pinnedFileHandle as string);
    found.ioas.pinnedFileHandle = '0x77';
    return `~ ${found.name} pinned-file-handle ${before} 119`;
  },
  (document, pick) => {
    const iommufds = list(document.iommufds);
    const at = pick(iommufds.length);
    const [gone] = iommufds.splice(at, 1);
    return gone === undefined ? undefined : `- iommufd ${BigInt(gone.persistentId as string)}`;
  },
  (document, pick) => {
    const domains = list(document.domains);
    const domain = domains[pick(domains.length)];
    if (domain === undefined) return undefined;
    list(domain.devices).push({ bus: 255, devfn: 0xfa });
    return `+ domain ${BigInt(domain.persistentId as string)} device ff:1f.2`;
  },
  (document) => {
    const trace = (document.ftrace as Json | undefined)?.globalTrace as Json | undefined;
    if (trace === undefined) return undefined;
    trace.traceFlags = 7;
    return '~ ftrace trace-flags 4097 7';
  },
  (document) => {
    (document.guestmemfs as Json).numInodes = '0xffffffffffffffff';
    return '~ guestmemfs num_inodes';
  },
];

describe('one edit', () => {
  test('is the one difference', () => {
    let seen = 0;
    const arbitrary = fc.tuple(plainPlanArbitrary(), fc.nat(MUTATIONS.length - 1), fc.nat(), fc.boolean());
    fc.assert(
      fc.property(arbitrary, ([plan, which, seed, move]) => {
        const dump = buildDump(plan);
        let wanted: string | undefined;
        const edit = (document: Json): void => {
          wanted = MUTATIONS[which]?.(document, (length) => (length === 0 ? 0 : seed % length));
        };
        // Where the handover is must not matter.
        const after = move ? relocated(dump, 8 * GIB, edit) : damaged(dump, { document: edit });
        if (wanted === undefined) return;
        seen++;
        const { differences } = compared(decodeMemory(dump.memory), after);
        expect(lines({ differences })).toEqual([expect.stringContaining(wanted)]);
      }),
      { numRuns: sweep(150, 40) },
    );
    expect(seen).toBeGreaterThan(sweep(50, 12));
  });

  test('of the sample, by every kind of edit', () => {
    const dump = buildDump(SAMPLE_PLAN);
    for (const mutation of MUTATIONS) {
      let wanted: string | undefined;
      const after = damaged(dump, {
        document: (document) => {
          wanted = mutation(document, () => 0);
        },
      });
      const { differences } = compared(decodeMemory(dump.memory), after);
      expect(lines({ differences })).toEqual([expect.stringContaining(wanted ?? 'nothing was edited')]);
    }
  });
});

test('B against A says what A against B says, turned round', () => {
  fc.assert(
    fc.property(plainPlanArbitrary(), plainPlanArbitrary(), fc.boolean(), (planA, planB, strict) => {
      const [a, b] = [decodeMemory(buildDump(planA).memory), decodeMemory(buildDump(planB).memory)];
      const there = lines(compared(a, b, { strict })).sort();
      const back = lines({ differences: swapped(compared(b, a, { strict }).differences) }).sort();
      expect(back).toEqual(there);
    }),
    RUNS,
  );
});

describe('mappings', () => {
  const dump = buildDump(SAMPLE_PLAN);
  const before = decodeMemory(dump.memory);

  /** The table page entry that maps the first page of the second area, changed. */
  function remapped(change: (entry: bigint) => bigint) {
    const [domain] = dump.domains;
    const area = domain?.mappings[1];
    if (domain === undefined || area === undefined) throw new Error('the sample has no second area');
    const patches = (): { address: number; bytes: Uint8Array }[] => [
      changedEntry(domain, area.pfn(area.offset), change),
    ];
    return damaged(dump, { patches });
  }

  function changedEntry(
    { tables }: BuiltDump['domains'][number],
    target: number,
    change: (entry: bigint) => bigint,
  ): { address: number; bytes: Uint8Array } {
    const view = new DataView(new ArrayBuffer(4096));
    for (const address of tables.addresses) {
      dump.memory.read(address, 4096, new Uint8Array(view.buffer));
      for (let at = 0; at < 4096; at += 8) {
        const entry = view.getBigUint64(at, true);
        if (entry === 0n || Number((entry >> 12n) & 0xffffffffffn) !== target) continue;
        const copy = new Uint8Array(8);
        new DataView(copy.buffer).setBigUint64(0, change(entry), true);
        return { address: address + at, bytes: copy };
      }
    }
    throw new Error('no entry maps the page');
  }

  test('with another right, to another page of the file, to memory of no file, and none', () => {
    const place = 'domain 1 IOVA 0x210000-0x211000 (4 KiB)';
    expect(
      lines(
        compared(
          before,
          remapped((entry) => entry | 2n),
        ),
      ),
    ).toEqual([`~ ${place} access r rw`]);
    expect(
      lines(
        compared(
          before,
          remapped((entry) => entry + 0x1000n),
        ),
      ),
    ).toEqual([`~ ${place} target file "vm file 0" +0x202000 file "vm file 0" +0x203000`]);
    expect(
      lines(
        compared(
          before,
          remapped((entry) => entry + 0x10_0000_0000n),
        ),
      ),
    ).toEqual([`~ ${place} target file "vm file 0" +0x202000 memory of no file`]);
    expect(
      lines(
        compared(
          before,
          remapped(() => 0n),
        ),
      ),
    ).toEqual([`- ${place}`]);
  });

  test('below a table that the dump does not hold are not compared', () => {
    // Table pages that do not touch are segments of their own.
    const apart = buildDump({ ...SAMPLE_PLAN, stride: 2 });
    const whole = decodeMemory(apart.memory);
    const { tables } = apart.domains[0] as BuiltDump['domains'][number];
    for (const address of tables.addresses) {
      const after = damaged(apart, { remove: [address] });
      for (const [a, b, missing] of [
        [whole, after, 'b'],
        [after, whole, 'a'],
        [after, after, 'both'],
      ] as const) {
        const { differences, gaps } = compared(a, b);
        expect(lines({ differences })).toEqual([]);
        const [gap] = gaps;
        expect(gap).toMatchObject({ what: 'mappings', missing, place: { part: 'domain', domain: 1n } });
      }
    }
  });
});

describe('coverage', () => {
  const dump = buildDump(SAMPLE_PLAN);
  const before = decodeMemory(dump.memory);
  const edited = (edit: (document: Json) => void) => damaged(dump, { document: edit });
  const domainOf = (document: Json): Json => list(document.domains)[0] as Json;

  test('page tables that hardware still reads', () => {
    const coverage = coverageOf(
      before,
      edited((document) => list(domainOf(document).mem).splice(1, 1)),
    );
    expect(coverage).toMatchObject({ verdict: 'lost', lost: 4096n, uncovered: 4096n });
    expect(coverage.entries).toMatchObject([
      { status: 'lost', what: 'page tables', place: { part: 'domain', domain: 1n }, bytes: 4096n },
    ]);
  });

  test('a domain that is gone', () => {
    const coverage = coverageOf(
      before,
      edited((document) => list(document.domains).splice(0, 1)),
    );
    expect(coverage).toMatchObject({ verdict: 'released', lost: 0n });
    expect(coverage.entries.map(({ status, what }) => `${status} ${what}`)).toEqual(['released page tables']);
  });

  test('memory that devices and files still have', () => {
    const after = edited((document) => {
      const { fsMem } = document.guestmemfs as Json;
      (fsMem as Json).len = '0x200000';
    });
    const coverage = coverageOf(before, after);
    expect(coverage.verdict).toBe('lost');
    const told = coverage.entries.map(({ status, what, place: { part } }) => `${status} ${part} ${what}`);
    expect(told).toContain('lost domain mapped memory');
    expect(told).toContain('lost guestmemfs contents');
    const mapped = coverage.entries.find(({ place: { domain } }) => domain === 1n);
    expect([...(mapped?.ranges ?? [])][0]).toMatchObject({ position: 0x210000n });
  });

  test('a dump that does not tell', () => {
    const without = {
      ...edited((document) => list(domainOf(document).mem).splice(1, 1)),
      memory: undefined as never,
    };
    expect(coverageOf(before, without)).toMatchObject({ verdict: 'undecided', lost: 0n });
  });
});
