/** The records of the boot protocol that lead to the tree, and the arrays that these name. */
import type { Handover } from '../abi/model.js';
import { khoDataRfc2024, khoMem, SETUP_DATA_SIZE, setupData } from '../records/kho.js';
import { khoData, khoScratch } from '../records/kho_root.js';
import type { ReferenceSink } from './sink.js';

/** Tells what setup_data of type 10 holds and names; nothing where the tree was found another way. */
export function addBoot(sink: ReferenceSink, { setupData: boot, memCache, scratch }: Handover): void {
  if (boot === undefined) return;
  const { element, rfc2024, khoData: data } = boot;
  const payload = element + BigInt(SETUP_DATA_SIZE);
  if (rfc2024 !== undefined) {
    const { memCacheAddr, memCacheSize } = rfc2024;
    sink.record(setupData, element, 'the header of setup_data of type 10');
    sink.record(khoDataRfc2024, payload, 'setup_data of type 10');
    sink.bytes(memCacheAddr, Number(memCacheSize));
    sink.array({
      record: khoMem,
      count: memCache?.length ?? 0,
      at: memCacheAddr,
      what: (i) => `mem cache[${i}]`,
      traits: { list: 'mem cache' },
    });
  }
  if (data !== undefined) {
    sink.record(khoData, payload, 'setup_data of type 10');
    sink.array({
      record: khoScratch,
      count: scratch?.length ?? 0,
      at: data.scratchAddr,
      what: (i) => `scratch region ${i}`,
      traits: { list: 'scratch' },
    });
  }
}
