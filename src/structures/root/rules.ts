/** The root tree (upstream E6 to E12, E18, E19). */

import { compatibleStrings } from '../../decode/bind.js';
import { isUpstream } from '../../decode/upstream/handover.js';
import {
  children,
  findProperty,
  nodeName,
  nodePath,
  properties,
  propertyName,
  propertyValue,
  rootNode,
} from '../../fdt/tree.js';
import { physicalAddress } from '../../memory/read.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { PRESERVED_MEMORY_MAP_SIZE } from '../../records/kho_root.js';
import { NAME_RULES } from '../../validate/fdt/index.js';
import { MAP } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { hex, listed } from '../../validate/text.js';
import { RIDERS } from '../../validate/upstream/riders.js';
import { at, readableTree, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { factsOf } from '../../versions/generations.js';
import { blobRules } from './rules-children.js';
import { entryRules } from './rules-entry.js';
import { oneWriter, takenOver } from './rules-takeover.js';
import { asHandedOver, restored } from './rules-unrestored.js';
import { writtenHeaders } from './rules-written.js';
import { upstreamRoots } from './tree.js';

const rule = rulesOf({ generations: UPSTREAM });

const PROPERTY = 'preserved-memory-map';
/** Offsets in the header are multiples of this (devicetree specification 5.2), and so must the tree's address be. */
const FDT_ALIGNMENT = 8n;

const treeAddress = rule({
  id: 'KHO-106',
  title: 'the tree is page-aligned',
  source: 'upstream E6',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_populate (libfdt fdt_check_header)',
  consequence:
    'libfdt refuses a tree that is not aligned to 8 bytes: "disabling KHO revival", and the preserved memory is lost',
  anyRoot: true,
  check({ handover: { fdtAddress, pageSize, brokenEntry } }, report) {
    // libfdt looks at the address before it reads anything there, so that it is refused whatever the dump holds.
    const named = brokenEntry?.state === 'absent' && brokenEntry.list === undefined ? brokenEntry : undefined;
    if (named !== undefined && named.address % FDT_ALIGNMENT !== 0n) {
      report.finding({
        message: `the tree is expected at ${hex(named.address)}, but the kernel gives it its own page`,
        location: at(named.address),
        found: hex(named.address),
        expected: `a multiple of ${hex(pageSize)}`,
      });
    } else if (fdtAddress === undefined) {
      report.skip('the address of the tree is not known');
    } else if (fdtAddress % BigInt(pageSize) !== 0n) {
      report.finding({
        severity: fdtAddress % FDT_ALIGNMENT === 0n ? 'warning' : 'error',
        message: `the tree is at ${hex(fdtAddress)}, but the kernel gives it its own page`,
        location: at(fdtAddress),
        found: hex(fdtAddress),
        expected: `a multiple of ${hex(pageSize)}`,
      });
    }
  },
});

const rootCompatible = rule({
  id: 'KHO-108',
  title: 'the root is compatible with exactly this generation',
  source: 'upstream E8',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_populate',
  consequence: '"disabling KHO revival": the next kernel boots cold, and the preserved memory is lost',
  requires: NAME_RULES,
  anyRoot: true,
  check({ handover }, report) {
    const tree = readableTree(handover);
    const { generation } = handover;
    if (tree === undefined || rootNode(tree) < 0) {
      report.skip('no root node can be read', 'prerequisite');
      return;
    }
    const property = findProperty(tree, rootNode(tree), 'compatible');
    const strings = property < 0 ? [] : compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
    const wanted = isUpstream(generation) ? upstreamRoots[generation].compatible : undefined;
    if (wanted !== undefined && strings.includes(wanted)) return;
    report.finding({
      message:
        property < 0
          ? 'the root has no compatible property'
          : `the root is compatible with "${strings.join('", "')}"`,
      location: { fdtPath: '/', property: 'compatible' },
      found: strings.join(', '),
      expected: wanted ?? listed(Object.keys(upstreamRoots)),
    });
  },
});

const mapProperty = rule({
  id: 'KHO-109',
  title: 'preserved-memory-map exists, has 8 bytes and is not 0',
  source: 'upstream E9',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_get_mem_map_phys; kho_mem_deserialize in 6.16 to 6.18',
  consequence:
    'from 6.19 on the kernel disables KHO revival and everything is lost; 6.16 to 6.18 boot normally with nothing reserved, and the memory that the tree points to is overwritten',
  check({ handover }, report) {
    const tree = readableTree(handover);
    if (tree === undefined) return;
    const location = { fdtPath: '/', property: PROPERTY };
    const property = findProperty(tree, rootNode(tree), PROPERTY);
    if (property < 0) {
      report.finding({ message: `the root has no ${PROPERTY}`, location });
      return;
    }
    const length = propertyValue(tree, property)?.length ?? 0;
    if (length !== PRESERVED_MEMORY_MAP_SIZE) {
      report.finding({
        message: `${PROPERTY} has ${length} bytes`,
        location,
        found: `${length} bytes`,
        expected: `${PRESERVED_MEMORY_MAP_SIZE} bytes`,
      });
      return;
    }
    const { preservedMemoryMap, generation, setupData, subtrees = [] } = handover;
    if (preservedMemoryMap !== 0n) return;
    // 6.19 to 7.0 build the tree at boot, edit it in place, and write the property on the way to the kexec.
    const edited = tree.header?.offMemRsvmap === FDT_HEADER_SIZE;
    const running =
      factsOf(generation)?.mapWrittenLate === true &&
      setupData === undefined &&
      (edited || subtrees.length === 0);
    report.finding({
      ...(running ? { severity: 'note' as const } : {}),
      message: running
        ? `${PROPERTY} is 0, as Linux 6.19 to 7.0 keep it until the handover is finalised on the way to the kexec`
        : `${PROPERTY} is 0: nothing is preserved`,
      location,
      found: '0x0',
    });
  },
});

const mapAddress = rule({
  id: 'KHO-110',
  title: 'preserved-memory-map is the address of a page',
  source: 'upstream E10',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_memory_init_early',
  consequence:
    'the kernel follows the address unchecked while it sets up its memory: it faults, or reads arbitrary memory',
  requires: ['KHO-109'],
  check({ handover: { preservedMemoryMap, pageSize, memory } }, report) {
    if (preservedMemoryMap === undefined || preservedMemoryMap === 0n) return;
    const address = physicalAddress(preservedMemoryMap);
    if (address === undefined || address % pageSize !== 0) {
      report.finding({
        message: `${PROPERTY} is ${hex(preservedMemoryMap)}, ${address === undefined ? 'beyond 2^52' : `no multiple of the page size ${pageSize}`}`,
        location: { fdtPath: '/', property: PROPERTY, address: preservedMemoryMap },
        found: hex(preservedMemoryMap),
        expected: `a multiple of ${hex(pageSize)} below 2^52`,
      });
    } else if (memory !== undefined && memory.read(address, 1, new Uint8Array(1)) === 0) {
      report.absent('the preserved memory map', preservedMemoryMap);
    }
  },
});

const treePreserved = rule({
  id: 'KHO-111',
  title: 'the page of the tree is preserved',
  source: 'upstream E11',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_get_fdt; kho_memory_init in 6.16',
  consequence: 'the page is handed out like any other, and later look-ups of children read its new contents',
  needs: ['memory'],
  reads: MAP,
  check(context, report) {
    const { fdtAddress, pageSize, scratch, generation, setupData } = context.handover;
    if (fdtAddress === undefined) {
      report.skip('the address of the tree is not known');
      return;
    }
    // What setup_data names is not a copy: the kernel leaves the tree where the old one has it.
    const inScratch = scratch?.some(({ start, end }) => fdtAddress >= start && fdtAddress < end) === true;
    if (setupData === undefined && inScratch) {
      report.skip('the tree is in scratch: a copy in the loaded image');
      return;
    }
    const pages = wholeMap(context, report);
    if (pages === undefined || pages.covers(fdtAddress, fdtAddress + BigInt(pageSize))) return;
    if (factsOf(generation)?.map === 'chunks' && scratch === undefined && setupData === undefined) {
      report.skip('not preserved, but perhaps a copy in the loaded image: the scratch regions are not known');
      return;
    }
    report.finding({
      message: `the tree's page at ${hex(fdtAddress)} is not in the preserved memory map`,
      location: at(fdtAddress),
    });
  },
});

const childNames = rule({
  id: 'KHO-112',
  title: "names of the root's children are unique",
  source: 'upstream E12',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_retrieve_subtree, kho_add_subtree',
  consequence:
    "a look-up finds the first one: the blob of the other is lost. The kernel's writer refuses it (EEXIST)",
  check({ handover: { subtrees = [] } }, report) {
    const seen = new Map<string, bigint | undefined>();
    for (const { name = '', address, origin } of subtrees) {
      if (!seen.has(name)) {
        seen.set(name, address);
        continue;
      }
      report.finding({
        message: `a second child "${name}"${address === undefined ? '' : `, blob at ${hex(address)}`}, is never reached`,
        location: { fdtPath: origin?.fdtPath ?? `/${name}`, ...at(address) },
      });
    }
  },
});

const knownContents = rule({
  id: 'KHO-118',
  title: 'the tree has only nodes and properties that the kernel defines',
  severity: 'warning',
  source: 'upstream E18, section 6',
  evidence: 'include/linux/kho/abi/kexec_handover.h',
  consequence: 'ignored by the next kernel',
  check({ handover }, report) {
    const { generation } = handover;
    const tree = readableTree(handover);
    if (tree === undefined || !isUpstream(generation)) return;
    const { root } = upstreamRoots[generation];
    const rootProperties = ['compatible', ...root.properties.map(({ property }) => property)];
    const childProperties = root.children.flatMap((child) =>
      child.properties.map(({ property }) => property),
    );
    const odd = (node: number, message: string, property?: string): void => {
      report.finding({
        message,
        location: { fdtPath: nodePath(tree, node), ...(property === undefined ? {} : { property }) },
      });
    };
    const checkProperties = (node: number, known: readonly string[]): void => {
      for (const token of properties(tree, node)) {
        const name = propertyName(tree, token) ?? '';
        if (!known.includes(name)) {
          odd(
            node,
            `${nodePath(tree, node)}: no property "${name}" is defined here (defined: ${listed(known)})`,
            name,
          );
        }
      }
    };
    checkProperties(rootNode(tree), rootProperties);
    for (const child of children(tree, rootNode(tree))) {
      const name = nodeName(tree, child) ?? '';
      checkProperties(child, childProperties);
      for (const below of children(tree, child))
        odd(below, `${nodePath(tree, below)}: children have no subnodes`);
      if (!/^[0-9a-zA-Z_-]+$/.test(name)) {
        odd(child, `the child name "${name}" has characters other than letters, digits, "_" and "-"`);
      } else if (!RIDERS.includes(name)) {
        report.finding({
          severity: 'note',
          message: `no known release hands over a child "${name}"`,
          location: { fdtPath: nodePath(tree, child) },
        });
      }
    }
  },
});

const treeFits = rule({
  id: 'KHO-119',
  title: 'the tree is not larger than a page',
  source: 'upstream E19',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_add_subtree, kho_populate',
  consequence: 'the next kernel maps and preserves one page: the rest is unmapped, or other memory',
  anyRoot: true,
  check({ handover: { tree, pageSize, memory } }, report) {
    const totalsize = tree?.header?.totalsize;
    if (totalsize === undefined) return;
    // Without memory the page size is a guess; no page is larger than 64 KiB.
    const page = memory === undefined ? 65536 : pageSize;
    if (totalsize <= page) return;
    report.finding({
      message: `the tree has ${totalsize} bytes, but a page has ${page}`,
      location: { field: 'fdt_header.totalsize' },
      found: `${totalsize}`,
      expected: `at most ${page}`,
    });
  },
});

export const rootRules: readonly Rule[] = [
  ...entryRules,
  treeAddress,
  rootCompatible,
  writtenHeaders,
  mapProperty,
  mapAddress,
  treePreserved,
  childNames,
  ...blobRules,
  knownContents,
  treeFits,
];

/** Who has taken the tree over, and what it has not restored. */
export const takeoverRules: readonly Rule[] = [oneWriter, takenOver, restored, asHandedOver];
