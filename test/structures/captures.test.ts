/** The IOMMU series' own bytes: models against the account of an independent reader. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { withDump } from '../../src/cli/load.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { readBytes } from '../../src/memory/read.js';
import { addReferences } from '../../src/references/references.js';
import type { ReferenceSink } from '../../src/references/sink.js';
import { modelJson } from '../../src/report/model-json.js';
import type { RecordType } from '../../src/schema/record.js';
import { bdfText } from '../../src/structures/values.js';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { parsed } from '../rfc/json.js';

const NAMES = ['linux-7.3-iommu-legacy', 'linux-7.3-iommu-first-stage', 'linux-7.3-iommu-v1-forms'];

/** Numbers beyond 2^53 are exact as text. */
function account(name: string): { [key: string]: unknown } {
  const text = new TextDecoder().decode(gunzip(fileBytes(join(fixtures, name, 'handover1.truth.json.gz'))));
  return JSON.parse(text.replaceAll(/: (\d{16,})/g, ': "$1"'))[0].luo;
}

/** Hears records, one by one. */
function recordSink(record: (type: RecordType<unknown>, at: bigint | number) => void): ReferenceSink {
  return {
    record,
    array({ record: type, count, at }) {
      if (typeof at === 'object') return;
      for (let i = 0; i < count; i++) record(type, BigInt(at) + BigInt(i * (type.size ?? 0)));
    },
    blob() {},
    page() {},
    radix() {},
    bitmap() {},
    table() {},
    bytes() {},
  };
}

/** Bits that are set. */
function bitsOf(words: readonly bigint[] = []): number[] {
  return words.flatMap((word, i) =>
    Array.from({ length: 64 }, (_, bit) => 64 * i + bit).filter((bit) => (word >> BigInt(bit % 64)) & 1n),
  );
}

const plain = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`;

/** The IOMMU state in the form of the account. */
function iommuAccount({ iommu }: Handover) {
  if (iommu === undefined) throw new Error('no IOMMU state');
  const head = ({ refCount, flags, address }: { refCount: number; flags: number; address: bigint }) => ({
    pa: Number(address),
    ref_count: refCount,
    flags,
  });
  return {
    pa: Number(iommu.address),
    version: Number(iommu.version),
    iommu_array: Number(iommu.unitsAddress),
    domain_array: Number(iommu.domainsAddress),
    device_array: Number(iommu.devicesAddress),
    iommus: iommu.units.items.map((unit) => ({
      ...head(unit),
      token: Number(unit.token),
      type: Number(unit.type),
      restored: 0,
      reg_base: Number(unit.intel?.regBase),
      root_table: Number(unit.intel?.rootTable),
      context_tables: bitsOf(unit.intel?.contextTables),
    })),
    domains: iommu.domains.items.map((domain) => ({
      ...head(domain),
      top_table: Number(domain.topTable),
      top_level: Number(domain.topLevel),
      vasz: domain.vasz,
      sign_extend: domain.signExtend,
    })),
    devices: iommu.devices.items.map((device) => ({
      ...head(device),
      devid: device.bdf,
      bdf: bdfText(device.bdf),
      segment: device.segment,
      dma_owner_token: plain(device.dmaOwnerToken ?? 0n),
      attachment_id: Number(device.attachmentId),
      domain: Number(device.domain),
      iommu: Number(device.unit),
      restored: 0,
      pasid_table: Number(device.intel?.pasidTable),
      max_pasid: Number(device.intel?.maxPasid),
    })),
    array_pages: {
      iommus: iommu.units.pages?.map(({ address }) => Number(address)),
      domains: iommu.domains.pages?.map(({ address }) => Number(address)),
      devices: iommu.devices.pages?.map(({ address }) => Number(address)),
    },
  };
}

describe.each(NAMES)('%s', (name) => {
  test('is what the account says', async () => {
    await withDump(join(fixtures, name, 'handover1.elf.gz'), {}, async ({ handover }) => {
      const { luo, pci } = handover;
      const truth = account(name) as {
        flbs: { name: string; draft?: object }[];
        sessions: { files: { draft?: object }[] }[];
      };
      const flb = (of: string): object | undefined => truth.flbs.find((each) => each.name === of)?.draft;
      expect(flb('iommu-liveupdate')).toMatchObject(iommuAccount(handover));
      expect(flb('pci')).toMatchObject({
        version: pci?.version,
        nr_devices: Number(pci?.nrDevices),
        devices: pci?.devices.items.map(({ segment, bdf, refcount }) => ({
          domain: segment,
          bdf,
          refcount,
        })),
      });
      for (const [s, session] of (luo?.sessions ?? []).entries()) {
        for (const [f, { iommufd, vfioPci }] of (session.files ?? []).entries()) {
          const draft = truth.sessions[s]?.files[f]?.draft;
          expect(draft === undefined).toBe(iommufd === undefined && vfioPci === undefined);
          if (iommufd !== undefined)
            expect(draft).toEqual({
              nr_hwpts: Number(iommufd.nrHwpts),
              hwpts: iommufd.hwpts.items.map(({ domain, token, reclaimed }) => ({
                domain: Number(domain),
                token: plain(token),
                reclaimed,
              })),
            });
          if (vfioPci !== undefined)
            expect(draft).toEqual({
              domain: vfioPci.segment,
              bdf: vfioPci.bdf,
              ...(vfioPci.resetWorks === undefined ? {} : { reset_works: vfioPci.resetWorks }),
            });
        }
      }
      expect(handover.diagnostics).toEqual([]);
      expect(handover.missing).toEqual([]);
    });
  });

  test('dump, encode, dump: the same model, and the same bytes of every record', async () => {
    await withDump(join(fixtures, name, 'handover1.elf.gz'), {}, async ({ handover }) => {
      const { memory } = handover;
      if (memory === undefined) throw new Error('no memory');
      const document = parsed(modelJson(handover));
      const again = upstreamMemory(document);
      expect(again.messages.filter((each) => !each.includes('of preserved memory are left out'))).toEqual([]);
      const tree = readBytes(again.memory, again.fdtAddress, handover.tree?.bytes.length ?? 0);
      if (tree === undefined) throw new Error('no tree');
      const second = decodeHandover(tree, { memory: again.memory, address: again.fdtAddress });
      const { iommu, pci, luo } = parsed(modelJson(second));
      expect({ iommu, pci, luo }).toEqual({ iommu: document.iommu, pci: document.pci, luo: document.luo });
      let records = 0;
      const compare = (record: RecordType<unknown>, at: bigint | number): void => {
        if (!record.file.startsWith('draft') && record.name !== 'iommu_array_hdr_ser') return;
        records++;
        const size = record.size ?? 0;
        expect(readBytes(again.memory, at, size), record.name).toEqual(readBytes(memory, at, size));
      };
      const sink = recordSink(compare);
      addReferences(sink, handover, undefined, memory);
      expect(records).toBeGreaterThan(15);
    });
  });
});
