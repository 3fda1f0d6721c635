/** The rider of the in-kernel test (lib/test_kho.c): a list of folios and the checksum of what they hold. */
import type { Diagnostic } from '../../abi/model.js';
import type { KhoTest, KhoTestFolio } from '../../abi/upstream/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findNode, findProperty, propertyValue, rootNode } from '../../fdt/tree.js';
import { isKnown } from '../../memory/read.js';
import {
  KHO_TEST_FOLIO_SIZE,
  khoTestFolio,
  NR_FOLIOS_SIZE,
  readKhoTestFolio,
  readNrFolios,
} from '../../records/kho_test.js';
import { KHO_VMALLOC_SIZE } from '../../records/vmalloc.js';
import { hex } from '../../schema/units.js';
import { khoTestInline, khoTestVmalloc } from '../../structures/kho-test/binding.js';
import type { KhoTestForm } from '../../versions/table.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { believedEntries } from './believed.js';
import { checksum32, fold16 } from './checksum.js';
import { type Context, contextOf, type RiderContext } from './context.js';
import { pageShift } from './pages.js';
import { clearUnlike, restOfPage } from './reused.js';
import { areaAddress, readArea, readVmalloc } from './vmalloc.js';

/** More bytes are not summed up; the test preserves 1 GiB at most (two blocks of the highest order, 64K pages). */
const MAX_SUMMED = 2 ** 32;

/** Decodes the tree and, with memory, the list and the checksum. */
export function decodeKhoTest(
  { diagnostics, context, old }: RiderContext,
  tree: FdtTree,
  compatible: string,
  address: bigint | undefined,
): KhoTest {
  const test: KhoTest = { compatible, ...(address === undefined ? {} : { origin: { address } }) };
  const binding = isInline(tree, old) ? khoTestInline : khoTestVmalloc;
  bindNode(tree, rootNode(tree), binding.root, test as unknown as ModelObject, diagnostics);
  if (test.foliosInline !== undefined)
    test.folios = inlineFolios(test.foliosInline.bytes, context?.pageSize ?? 4096);
  if (context === undefined) return test;
  if (test.foliosInfo !== undefined) readList(context, test);
  sumUp(context, test, diagnostics);
  return test;
}

/** How `folios_info` of a tree of kho_test is written; undefined where both forms are as long, or it is neither. */
export function khoTestForm(tree: FdtTree): KhoTestForm | undefined {
  const data = findNode(tree, '/data');
  const info = propertyBytes(tree, data, 'folios_info');
  const count = propertyBytes(tree, data, 'nr_folios');
  if (info === undefined || count?.length !== NR_FOLIOS_SIZE) return undefined;
  const inline = info.length === readNrFolios(dataView(count), 0).value * KHO_TEST_FOLIO_SIZE;
  const vmalloc = info.length === KHO_VMALLOC_SIZE;
  if (inline === vmalloc) return undefined;
  return inline ? 'inline' : 'vmalloc';
}

function isInline(tree: FdtTree, old: boolean): boolean {
  const data = findNode(tree, '/data');
  const info = propertyBytes(tree, data, 'folios_info');
  const count = propertyBytes(tree, data, 'nr_folios');
  if (info === undefined || count?.length !== NR_FOLIOS_SIZE) return false;
  const inline = info.length === readNrFolios(dataView(count), 0).value * KHO_TEST_FOLIO_SIZE;
  // Two words are as long as a descriptor.
  return inline && (info.length !== KHO_VMALLOC_SIZE || old);
}

function propertyBytes(tree: FdtTree, node: number, name: string): Uint8Array | undefined {
  const property = node < 0 ? -1 : findProperty(tree, node, name);
  return property < 0 ? undefined : propertyValue(tree, property);
}

function inlineFolios(bytes: Uint8Array, pageSize: number): NonNullable<KhoTest['folios']> {
  const view = dataView(bytes);
  const length = Math.floor(bytes.length / KHO_TEST_FOLIO_SIZE);
  return {
    length,
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield folio(view, i * KHO_TEST_FOLIO_SIZE, pageSize);
    },
  };
}

function folio(view: DataView, offset: number, pageSize: number): KhoTestFolio {
  const { value } = readKhoTestFolio(view, offset);
  const order = value & BigInt(pageSize - 1);
  return { address: value - order, order: Number(order) };
}

function readList(context: Context, test: KhoTest): void {
  const { foliosInfo, nrFolios } = test;
  if (foliosInfo === undefined || nrFolios === undefined) return;
  const area = readVmalloc(contextOf(context, 'kho-test'), foliosInfo, 'the list of kho_test');
  test.area = area;
  const location = { fdtPath: '/data', property: 'nr_folios' };
  const claim = { owner: 'kho_test', code: 'kho-test-folios', location };
  const length = believedEntries(context, area, nrFolios, KHO_TEST_FOLIO_SIZE, claim);
  const bytes = new Uint8Array(length * KHO_TEST_FOLIO_SIZE);
  const known = readArea(context, area, 0, bytes.length, bytes);
  for (let done = 0; done < known; done += area.runSize) {
    const size = Math.min(area.runSize, known - done);
    const piece = { bytes: bytes.subarray(done, done + size), at: Number(areaAddress(area, done)) };
    const around = restOfPage(context, piece.at + size);
    clearUnlike(context.reporter, khoTestFolio, piece, 0, size, 'list of kho_test', around);
  }
  if (known < bytes.length) context.reporter.of('kho-test').absent('list of kho_test', area.runs[0] ?? 0);
  else test.folios = inlineFolios(bytes, context.pageSize);
}

/** Sums up the folios when the dump has all of them: it is how the test itself tells whether they survived. */
function sumUp(context: Context, test: KhoTest, diagnostics: Diagnostic[]): void {
  const { folios, csum } = test;
  if (folios === undefined || csum === undefined || folios.length !== test.nrFolios) return;
  const { memory, pageSize } = context;
  const limit = 52 - pageShift(pageSize);
  let total = 0;
  for (const { address, order } of folios) {
    if (order > limit) return;
    const size = pageSize * 2 ** order;
    total += size;
    const start = Number(address);
    if (total > MAX_SUMMED || !isKnown(memory, start, start + size)) return;
  }
  let sum = 0;
  for (const { address, order } of folios) {
    const next = checksum32(memory, Number(address), pageSize * 2 ** order, sum);
    if (next === undefined) return;
    sum = next;
  }
  test.csumComputed = sum;
  if (fold16(sum) === fold16(csum)) return;
  diagnostics.push({
    code: 'kho-test-csum',
    message: `kho_test: the checksum of the folios is ${hex(fold16(sum))}, but csum is ${hex(fold16(csum))} (both folded to 16 bits)`,
    location: { fdtPath: '/data', property: 'csum' },
  });
}
