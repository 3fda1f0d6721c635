/** The rider kho_test of the in-kernel test (upstream T1 to T3). */

import type { FdtTree } from '../../fdt/parse.js';
import { findNode, findProperty, propertyValue, rootNode } from '../../fdt/tree.js';
import { KHO_TEST_FOLIO_SIZE, KhoTestMagicValue } from '../../records/kho_test.js';
import { compatiblesOf } from '../../validate/compatible.js';
import { KHO_TEST } from '../../validate/reads.js';
import type { Reporter, Rule } from '../../validate/rule.js';
import { roomFault, rulesOf } from '../../validate/shapes.js';
import { hex } from '../../validate/text.js';
import { at, childNamed, orderAt, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { khoTestInline, khoTestVmalloc } from './binding.js';
import { fold16 } from './checksum.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: KHO_TEST });

const NAME = 'kho_test';
const EVIDENCE = 'lib/test_kho.c';

const testTree = rule({
  id: 'KTEST-001',
  title: 'kho_test has its compatible, magic and properties',
  source: 'upstream T1',
  evidence: `${EVIDENCE} kho_test_restore`,
  consequence: "the next kernel's test fails",
  check({ handover }, report) {
    const { khoTest } = handover;
    const rider = childNamed(handover, NAME, report);
    if (rider === undefined) return;
    const { tree } = rider;
    if (tree === undefined) {
      report.skip('the blob of kho_test is not a tree, or not in the dump');
      return;
    }
    const location = at(rider.address);
    const strings = compatiblesOf(tree, rootNode(tree)) ?? [];
    if (!strings.includes(khoTestVmalloc.compatible)) {
      report.finding({
        message: `kho_test is compatible with "${strings.join('", "')}"`,
        location: { ...location, fdtPath: `/${NAME}`, property: 'compatible' },
        found: strings.join(', '),
        expected: khoTestVmalloc.compatible,
      });
      return;
    }
    checkProperties(tree, khoTest?.foliosInline !== undefined, rider.address, report);
    const magic = khoTest?.magic;
    if (magic === undefined || magic === KhoTestMagicValue.khoTestMagic) return;
    report.finding({
      message: `magic of kho_test is ${hex(magic)}`,
      location: { ...location, fdtPath: `/${NAME}`, property: 'magic' },
      found: hex(magic),
      expected: hex(KhoTestMagicValue.khoTestMagic),
    });
  },
});

function checkProperties(
  tree: FdtTree,
  inline: boolean,
  address: bigint | undefined,
  report: Reporter,
): void {
  const { root } = inline ? khoTestInline : khoTestVmalloc;
  const nodes = [
    { node: rootNode(tree), path: '', properties: root.properties },
    { node: findNode(tree, '/data'), path: '/data', properties: root.children[0]?.properties ?? [] },
  ];
  for (const { node, path, properties } of nodes) {
    for (const { property, record, shape } of properties) {
      const token = node < 0 ? -1 : findProperty(tree, node, property);
      const length = token < 0 ? undefined : propertyValue(tree, token)?.length;
      const size = record.size ?? 1;
      if (length !== undefined && (shape === 'records' ? length % size === 0 : length === size)) continue;
      report.finding({
        message: `kho_test${path} has ${length === undefined ? `no ${property}` : `${property} of ${length} bytes`}`,
        location: { fdtPath: `/${NAME}${path}`, property, ...at(address) },
        expected: `${size} bytes`,
      });
    }
  }
}

const testCount = rule({
  id: 'KTEST-002',
  title: 'the list of kho_test has room for nr_folios entries',
  source: 'upstream T2',
  evidence: `${EVIDENCE} kho_test_restore_data`,
  consequence: 'the test reads past its list; 6.17, which has the list in the tree, refuses it',
  requires: ['KTEST-001'],
  check({ handover: { khoTest, pageSize } }, report) {
    if (khoTest?.nrFolios === undefined) return;
    const { nrFolios, area, foliosInline } = khoTest;
    const stated = area === undefined ? undefined : area.descriptor.totalPages * pageSize;
    const room = stated === undefined ? foliosInline?.length : Math.floor(stated / KHO_TEST_FOLIO_SIZE);
    if (room === undefined) return;
    const location = { fdtPath: `/${NAME}/data`, property: 'nr_folios', ...at(khoTest.origin?.address) };
    const more = roomFault('nr_folios of kho_test', nrFolios, 'its list', room, location);
    if (more !== undefined) report.finding(more);
  },
});

const testFolios = rule({
  id: 'KTEST-003',
  title: 'the folios of kho_test are preserved with their orders, and their checksum is csum',
  source: 'upstream T3',
  evidence: `${EVIDENCE} kho_test_restore_data`,
  consequence: "the next kernel's test fails",
  requires: ['KTEST-001', 'KTEST-002'],
  check(context, report) {
    const { khoTest } = context.handover;
    if (khoTest?.folios === undefined) {
      report.skip('the list of kho_test is not in the dump');
      return;
    }
    const { folios, csum, csumComputed, origin } = khoTest;
    const map = wholeMap(context, report);
    if (map !== undefined) {
      for (const { address, order } of folios) {
        const pfn = Number(address) / map.pageSize;
        if (map.has(pfn, order)) continue;
        const found = orderAt(map, pfn);
        report.finding({
          message: `the folio of kho_test at ${hex(address)} has order ${order}, ${found < 0 ? 'but no preserved block starts there' : `but its block has order ${found}`}`,
          location: at(address),
          found: found < 0 ? 'no block' : `order ${found}`,
          expected: `order ${order}`,
        });
      }
    }
    if (csum === undefined) return;
    if (csumComputed === undefined) {
      const [first] = folios;
      // No record of the handover: cores that are cut down to records lack it, and nothing is wrong with them.
      if (first !== undefined)
        report.skip(
          `the contents of the kho_test folios are not in the dump (from ${hex(first.address)} on)`,
          'not-given',
        );
    } else if (fold16(csum) !== fold16(csumComputed)) {
      report.finding({
        message: `the checksum of the kho_test folios is ${hex(fold16(csumComputed))}, but csum is ${hex(fold16(csum))} (both folded to 16 bits)`,
        location: { fdtPath: `/${NAME}/data`, property: 'csum', ...at(origin?.address) },
        found: hex(fold16(csumComputed)),
        expected: hex(fold16(csum)),
      });
    }
  },
});

export const khoTestRules: readonly Rule[] = [testTree, testCount, testFolios];
