/** The rider of the in-kernel test from its plan: folios with contents, their list and their checksum (lib/test_kho.c). */
import { KHO_TEST_FOLIO_SIZE, KhoTestMagicValue, writeKhoTestFolio } from '../records/kho_test.js';
import { hex } from '../schema/units.js';
import { khoTestVmalloc } from '../structures/kho-test/binding.js';
import { layArea } from './area.js';
import { hash } from './random.js';
import type { Space } from './space.js';
import type { UpstreamPlan } from './upstream-plan.js';

type Json = { readonly [key: string]: unknown };

/**
 * Lays out the folios and their list. Folios hold words of a pattern, all of them in the dump.
 *
 * @returns `khoTest` of the document, without the address of its tree
 */
export function layKhoTest(
  space: Space,
  { form, orders }: NonNullable<UpstreamPlan['khoTest']>,
  key: number,
): { readonly encoded: Json; readonly account: Json } {
  const { pageSize, regions } = space;
  const folios = orders.map((order) => ({ address: space.keep(order), order }));
  let sum = 0;
  for (const [i, { address, order }] of folios.entries()) {
    const size = pageSize * 2 ** order;
    // One word in 16 is not 0: enough for a checksum to tell folios apart.
    const words: [number, number][] = [];
    for (let at = (hash(key, i) % 16) * 4; at < size; at += 64) words.push([at, hash(key, i, at)]);
    for (const [, word] of words) {
      sum += word;
      if (sum > 0xffff_ffff) sum = (sum % 0x1_0000_0000) + 1;
    }
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (const [at, word] of words) view.setUint32(at, word, true);
    regions.push({
      what: `folio ${i} of kho_test`,
      address,
      size,
      fill: (into, offset) => into.set(bytes.subarray(offset, offset + into.length)),
    });
  }
  const common: Json = {
    compatible: khoTestVmalloc.compatible,
    magic: KhoTestMagicValue.khoTestMagic,
    nrFolios: folios.length,
    csum: sum,
  };
  const listed = folios.map(({ address, order }) => ({ address: hex(address), order }));
  if (form === 'inline') {
    const foliosInline = folios.map(({ address, order }) => ({ value: hex(address + order) }));
    const part = { ...common, foliosInline };
    return { encoded: part, account: { ...part, csumComputed: sum, folios: listed } };
  }
  const perPage = pageSize / KHO_TEST_FOLIO_SIZE;
  const area = layArea(
    space,
    'list of kho_test',
    folios.length * KHO_TEST_FOLIO_SIZE,
    { key, disorder: 1 },
    (page, index) => {
      for (const [i, { address, order }] of folios.slice(index * perPage, (index + 1) * perPage).entries()) {
        writeKhoTestFolio(page, i * KHO_TEST_FOLIO_SIZE, { value: BigInt(address + order) });
      }
    },
  );
  const foliosInfo = { ...area.descriptor, first: hex(area.descriptor.first) };
  return {
    encoded: { ...common, foliosInfo },
    account: {
      ...common,
      csumComputed: sum,
      foliosInfo,
      list: { ...foliosInfo, chunks: area.chunks, runs: area.runs },
      folios: listed,
    },
  };
}
