/** The root's children and their blobs (upstream E13 to E17). */

import { isUpstream } from '../../decode/upstream/handover.js';
import { FDT_DIAGNOSTICS } from '../../fdt/diagnostics.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findProperty, propertyValue } from '../../fdt/tree.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { lookUpSeverity } from '../../validate/fdt/index.js';
import { preservedRule } from '../../validate/preserved.js';
import { BLOBS, MAP } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, rulesOf } from '../../validate/shapes.js';
import { counted, hex, listed, range } from '../../validate/text.js';
import { type Blob, blobs } from '../../validate/upstream/blobs.js';
import { blobForm } from '../../validate/upstream/riders.js';
import { readableTree, SIZED, UPSTREAM } from '../../validate/upstream/shared.js';
import { upstreamRoots } from './tree.js';

const rule = rulesOf({ generations: UPSTREAM });

const U64 = 8;

/** Whether the blob ends before its tree does, as debugfs shows trees that have grown since. */
function isCutOff({ diagnostics }: FdtTree): boolean {
  return diagnostics.some(({ code }) => code === 'truncated-file');
}

/** The property of every child is there and holds a u64. */
function checkU64({ handover }: RuleContext, report: Reporter, property: string): void {
  const tree = readableTree(handover);
  if (tree === undefined) return;
  const { subtrees = [] } = handover;
  for (const [i, { name = '', origin }] of subtrees.entries()) {
    const node = origin?.token;
    if (node === undefined) continue;
    const token = findProperty(tree, node, property);
    const length = token < 0 ? undefined : propertyValue(tree, token)?.length;
    if (length === U64) continue;
    if (isCutOff(tree) && i === subtrees.length - 1) {
      report.skip(`the copy of the tree is cut off in /${name}`);
      continue;
    }
    report.finding({
      message: `/${name} has ${length === undefined ? `no ${property}` : `${property} of ${length} bytes`}`,
      location: { fdtPath: origin?.fdtPath ?? `/${name}`, property },
      found: length === undefined ? 'nothing' : `${length} bytes`,
      expected: `${U64} bytes`,
    });
  }
}

const blobAddress = rule({
  id: 'KHO-113',
  title: 'every child has the address of its blob, as 8 bytes',
  source: 'upstream E13',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_retrieve_subtree',
  consequence:
    'the look-up fails with -EINVAL and the state of the child is lost; for LUO the next kernel panics',
  check(context, report) {
    const { generation } = context.handover;
    if (!isUpstream(generation)) return;
    const [child] = upstreamRoots[generation].root.children;
    const property = child?.properties.find(({ key }) => key === 'address')?.property;
    if (property !== undefined) checkU64(context, report, property);
  },
});

const blobSize = rule({
  id: 'KHO-114',
  title: 'every child has blob-size, as 8 bytes',
  generations: SIZED,
  source: 'upstream E14',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_retrieve_subtree',
  consequence:
    'the look-up fails with -EINVAL although most readers ignore the length: memblock and kho_test lose their state, LUO panics',
  check(context, report) {
    checkU64(context, report, 'blob-size');
  },
});

const BLOB_MEMORY: Elements<Blob> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: MAP },
  each: ({ handover }) => blobs(handover),
};

const trueSize = preservedRule(BLOB_MEMORY, {
  id: 'KHO-115',
  title: 'blob-size is the length of the blob, and the blob is entirely preserved',
  severity: 'warning',
  generations: SIZED,
  source: 'upstream E15',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_add_subtree, kexec_handover_debugfs.c',
  consequence:
    "not checked: debugfs shows that many bytes from the blob's address on, even those of other owners",
  reads: [...MAP, ...BLOBS],
  requires: ['KHO-113', 'KHO-114'],
  *before({ name, subtree: { size, tree }, own, location }) {
    if (size === undefined || own === undefined || size === own) return;
    // A record that is cut short is its reader's.
    if (tree === undefined && size < own) return;
    yield {
      message: `blob-size of ${name} is ${hex(size)}, but its ${tree === undefined ? 'record' : 'tree'} has ${own} bytes`,
      location: { ...location, property: 'blob-size' },
      found: hex(size),
      expected: hex(own),
    };
  },
  *pieces({ address: start, subtree: { size }, own }) {
    if (size === undefined || own !== undefined) return;
    yield { start, end: start + size, preserved: 'bytes' as const };
  },
  fault: (_, { start, end }, { name, location }) => ({
    message: `blob-size of ${name} is ${hex(end - start)}: ${range(start, end)} is not entirely preserved`,
    location: { ...location, property: 'blob-size' },
    found: hex(end - start),
  }),
});

const blobPreserved = preservedRule(BLOB_MEMORY, {
  id: 'KHO-116',
  title: "every child's blob is preserved",
  source: 'upstream E16',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_add_subtree (a comment asks for it, nothing checks it)',
  consequence: 'its pages are freed and reused before the consumer reads them',
  requires: ['KHO-113'],
  pieces: ({ address: start, length }) => [{ start, end: start + length, preserved: 'bytes' }],
  fault: ({ gap }, _, { name, address, length, location }) => ({
    message: `the blob of ${name} at ${hex(address)} (${counted(length, 'byte')}): ${range(gap.start, gap.end)} is not preserved`,
    location,
  }),
});

const blobTree = rule({
  id: 'KHO-117',
  title: "a child's blob that should be a devicetree is a valid one",
  source: 'upstream E17',
  evidence: 'mm/memblock.c reserve_mem_kho_retrieve_fdt; lib/test_kho.c',
  consequence:
    'not checked up front: libfdt fails at the damage, or reads on into other memory; the state is lost',
  needs: ['memory'],
  reads: BLOBS,
  requires: ['KHO-113'],
  check({ handover }, report) {
    const { memory, generation } = handover;
    if (memory === undefined || generation === undefined) return;
    for (const { name, address, subtree, location } of blobs(handover)) {
      // LUO of another form than its generation's is a finding of its own.
      if (blobForm(generation, name) !== 'fdt') continue;
      const { tree } = subtree;
      if (tree === undefined) {
        const known = physicalAddress(address) !== undefined && readBytes(memory, address, FDT_HEADER_SIZE);
        if (known === undefined) report.absent(`the blob of ${name}`, address);
        else
          report.finding({
            message: `the blob of ${name} at ${hex(address)} is not a devicetree blob`,
            location,
          });
        continue;
      }
      const refused = tree.diagnostics.filter(({ code }) => 'libfdt' in FDT_DIAGNOSTICS[code]);
      if (refused.length === 0) continue;
      const harmless = refused.every((diagnostic) => lookUpSeverity(tree, diagnostic) === 'warning');
      report.finding({
        ...(harmless ? { severity: 'warning' as const } : {}),
        message: `the tree of ${name} at ${hex(address)}: ${listed(
          refused.map(({ message }) => message),
          2,
        )}`,
        location: { ...location, address: address + BigInt(refused[0]?.offset ?? 0) },
      });
    }
  },
});

export const blobRules: readonly Rule[] = [blobAddress, blobSize, trueSize, blobPreserved, blobTree];
