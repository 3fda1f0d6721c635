/** Rules on the container as a tree (rfc-2024 K1, K2, K13 to K15). */

import { childBinding } from '../../decode/bind.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findNode, nodeName, nodePath, propertyName, rootNode } from '../../fdt/tree.js';
import { FdtToken } from '../../records/fdt.js';
import { compatiblesOf, incompatible } from '../../validate/compatible.js';
import { NAME_RULES } from '../../validate/fdt/index.js';
import { RFC_2024 } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { hex, listed } from '../../validate/text.js';
import { RFC_COMPATIBLE } from '../../versions/generations.js';
import type { NodeBinding } from '../tree.js';
import { rfc2024 } from './tree.js';

const rule = rulesOf({ generations: RFC_2024 });

/** Offsets that libfdt's sequential writer gives (rfc-2024 1.4). */
const STRUCT_OFFSET = 64;
const RESERVE_OFFSET = 48;

export const writerHeader = rule({
  id: 'KHO-001',
  title: 'the header is as the kernel writes it',
  severity: 'warning',
  source: 'rfc-2024 K1',
  evidence: 'kernel/kexec_kho_out.c kho_serialize (libfdt sequential writer)',
  consequence: 'accepted, but not written by the kernel: another tool has edited the tree',
  check({ handover }, report) {
    const header = handover.tree?.header;
    if (header === undefined) return;
    for (const [field, found, expected] of [
      ['off_dt_struct', header.offDtStruct, STRUCT_OFFSET],
      ['off_mem_rsvmap', header.offMemRsvmap, RESERVE_OFFSET],
      ['version', header.version, 17],
      ['last_comp_version', header.lastCompVersion, 16],
      ['boot_cpuid_phys', header.bootCpuidPhys, 0],
      ['totalsize', header.totalsize, header.offDtStrings + header.sizeDtStrings],
    ] as const) {
      if (found === expected) continue;
      report.finding({
        message: `${field} is ${hex(found)}, but the sequential writer leaves ${hex(expected)} there`,
        location: { field: `fdt_header.${field}` },
        found: hex(found),
        expected: hex(expected),
      });
    }
  },
});

export const rootCompatible = rule({
  id: 'KHO-002',
  title: `the root is compatible with "${RFC_COMPATIBLE}"`,
  source: 'rfc-2024 K2',
  evidence: 'kernel/kexec_kho_in.c kho_reserve_previous_mem',
  consequence: 'nothing is reserved and the memory is overwritten, while drivers still read the tree',
  requires: NAME_RULES,
  anyRoot: true,
  check({ handover: { tree } }, report) {
    if (tree === undefined || rootNode(tree) < 0) {
      report.skip('no root node can be read', 'prerequisite');
      return;
    }
    const strings = compatiblesOf(tree, rootNode(tree));
    if (strings?.includes(rfc2024.compatible) === true) return;
    report.finding(incompatible('the root', '/', strings, rfc2024.compatible));
  },
});

export const siblingNames = rule({
  id: 'KHO-013',
  title: 'names of sibling nodes are unique',
  source: 'rfc-2024 K13',
  evidence: 'libfdt fdt_subnode_offset; drivers/iommu/iommufd/serialise.c iommufd_deserialise_kho',
  consequence: "look-ups by path find the first one only; creating the second one's sysfs directory fails",
  check({ handover: { tree } }, report) {
    for (const { code, message, path } of tree?.diagnostics ?? []) {
      if (code === 'duplicate-node')
        report.finding({ message, location: path === undefined ? {} : { fdtPath: path } });
    }
  },
});

export const subsystemsThere = rule({
  id: 'KHO-014',
  title: 'every subsystem that another one depends on is in the tree',
  source: 'rfc-2024 K14, 3.3 no. 12',
  evidence: 'fs/guestmemfs/serialise.c (a libfdt error stops the notifier chain and decodes as success)',
  consequence:
    'a subsystem that ran out of space or was stopped is silently missing, and its memory is reused',
  check({ handover }, report) {
    const { tree, iommufds, domains, guestmemfs } = handover;
    if (tree === undefined) return;
    // A domain without areas maps nothing, and what one maps without them MAP-002 and MAP-003 report.
    const mapped = (iommufds ?? []).some(({ ioases }) => ioases?.some(({ areas }) => areas.length > 0));
    if (mapped && guestmemfs === undefined && findNode(tree, '/guestmemfs') < 0) {
      report.finding({
        message: 'there is no /guestmemfs, though iommufds have areas: their memory is not handed over',
        location: { fdtPath: '/guestmemfs' },
        expected: '/guestmemfs',
      });
    }
    if ((domains?.length ?? 0) > 0 && iommufds === undefined && findNode(tree, '/iommufd') < 0) {
      report.finding({
        message: `there is no /iommufd, though ${domains?.length} domains are handed over`,
        location: { fdtPath: '/iommufd' },
        expected: '/iommufd',
      });
    }
  },
});

export const knownContents = rule({
  id: 'KHO-015',
  title: 'the tree has only nodes and properties that the series defines',
  severity: 'warning',
  source: 'rfc-2024 K15',
  evidence: 'the writers listed in rfc-2024 2',
  consequence: 'ignored by the next kernel; probably another version of the format',
  check({ handover: { tree } }, report) {
    if (tree === undefined) return;
    for (const { token, what } of unknownItems(tree)) {
      const node = tree.kind[token] === FdtToken.beginNode ? token : (tree.parent[token] ?? -1);
      const fdtPath = node < 0 ? '/' : nodePath(tree, node);
      const property = tree.kind[token] === FdtToken.prop ? (propertyName(tree, token) ?? '') : undefined;
      report.finding({
        message: `${property === undefined ? fdtPath : `${fdtPath === '/' ? '' : fdtPath}/${property}`}: ${what}`,
        location: property === undefined ? { fdtPath } : { fdtPath, property },
      });
    }
  },
});

function* unknownItems(tree: FdtTree): Generator<{ token: number; what: string }> {
  const root = rootNode(tree);
  if (root < 0) return;
  // The binding of each open node; an unknown node is reported once and its contents are passed over.
  const open: NodeBinding[] = [rfc2024.root];
  for (let token = root + 1; token < tree.count && open.length > 0; token++) {
    const binding = open.at(-1);
    if (binding === undefined) return;
    const kind = tree.kind[token];
    if (kind === FdtToken.endNode) {
      open.pop();
    } else if (kind === FdtToken.prop) {
      const name = propertyName(tree, token);
      if (name === undefined || (name === 'compatible' && binding.compatible !== undefined)) continue;
      const known = binding.properties.map(({ property }) => property);
      if (known.includes(name)) continue;
      const expected = known.length === 0 ? 'none' : listed(known);
      yield { token, what: `not a property of this node (defined: ${expected})` };
    } else if (kind === FdtToken.beginNode) {
      const child = childBinding(binding, nodeName(tree, token) ?? '');
      if (child !== undefined) {
        open.push(child);
        continue;
      }
      yield { token, what: 'not a node that the series defines here' };
      token = skipNode(tree, token);
    }
  }
}

/** The END_NODE of a node. */
function skipNode(tree: FdtTree, node: number): number {
  let depth = 0;
  for (let token = node; token < tree.count; token++) {
    if (tree.kind[token] === FdtToken.beginNode) depth++;
    else if (tree.kind[token] === FdtToken.endNode && --depth === 0) return token;
  }
  return tree.count;
}
