/** One rule for each thing that can be wrong with a devicetree blob; the codec's table says what. */

import { GENERATIONS, type Generation, type Handover } from '../../abi/model.js';
import {
  FDT_DIAGNOSTICS,
  type FdtDiagnostic,
  type FdtDiagnosticCode,
  type FdtDiagnosticInfo,
} from '../../fdt/diagnostics.js';
import { hasStrayNodes, isUnseen, rootEnd } from '../../fdt/look-ups.js';
import { type FdtTree, isTooOld } from '../../fdt/parse.js';
import { FACTS, UPSTREAM } from '../../versions/generations.js';
import type { Rule, Severity } from '../rule.js';

/** Ids are never reused: a code keeps its number, new codes go to the end. */
const IDS: Readonly<Record<FdtDiagnosticCode, string>> = {
  'file-too-short': 'FDT-001',
  'bad-magic': 'FDT-002',
  'unsupported-version': 'FDT-003',
  'other-version': 'FDT-004',
  'totalsize-too-small': 'FDT-005',
  'truncated-file': 'FDT-006',
  'trailing-bytes': 'FDT-007',
  'block-in-header': 'FDT-008',
  'block-out-of-bounds': 'FDT-009',
  'block-unaligned': 'FDT-010',
  'blocks-overlap': 'FDT-011',
  'unterminated-reserve-map': 'FDT-012',
  'reserve-map-too-long': 'FDT-013',
  'reserve-map-terminator': 'FDT-014',
  'unknown-token': 'FDT-015',
  'unterminated-node-name': 'FDT-016',
  'property-overflow': 'FDT-017',
  'property-name-out-of-range': 'FDT-018',
  'property-name-unterminated': 'FDT-019',
  'property-name-too-long': 'FDT-020',
  'property-outside-node': 'FDT-021',
  'property-after-subnode': 'FDT-022',
  'end-node-without-begin': 'FDT-023',
  'unclosed-node': 'FDT-024',
  'missing-end': 'FDT-025',
  'end-outside-struct': 'FDT-026',
  'bytes-after-end': 'FDT-027',
  'no-root': 'FDT-028',
  'root-name': 'FDT-029',
  'several-roots': 'FDT-030',
  'duplicate-node': 'FDT-031',
  'duplicate-property': 'FDT-032',
};

/** What must hold, by the diagnostic that says it does not. */
const TITLES: Readonly<Record<FdtDiagnosticCode, string>> = {
  'file-too-short': 'the blob has at least the 40 bytes of a header',
  'bad-magic': 'the blob begins with the magic number 0xd00dfeed',
  'unsupported-version':
    'a version 17 reader can read the blob: last_comp_version is at most 17, and version is not below it',
  'other-version': 'the version is 16 or 17',
  'totalsize-too-small': 'totalsize covers the header',
  'truncated-file': 'all bytes up to totalsize are present',
  'trailing-bytes': 'the blob ends at totalsize',
  'block-in-header': 'every block starts after the header',
  'block-out-of-bounds': 'every block ends within totalsize',
  'block-unaligned': 'blocks are aligned: the reserve map to 8 bytes, the structure block to 4',
  'blocks-overlap': 'no two blocks share bytes',
  'unterminated-reserve-map': 'an entry of size 0 ends the memory reserve map before the next block',
  'reserve-map-too-long': 'the memory reserve map has at most 65536 entries',
  'reserve-map-terminator': 'the last entry of the memory reserve map is all zero',
  'unknown-token': 'every structure token is FDT_BEGIN_NODE, FDT_END_NODE, FDT_PROP, FDT_NOP or FDT_END',
  'unterminated-node-name': 'every node name is NUL-terminated within the structure block',
  'property-overflow': 'every property ends within the structure block',
  'property-name-out-of-range': 'every property name starts within the strings block',
  'property-name-unterminated': 'every property name is NUL-terminated within the strings block',
  'property-name-too-long': 'no property name is longer than 1024 bytes',
  'property-outside-node': 'every property belongs to a node',
  'property-after-subnode': 'the properties of a node come before its subnodes',
  'end-node-without-begin': 'every FDT_END_NODE closes an open node',
  'unclosed-node': 'every node is closed before FDT_END',
  'missing-end': 'FDT_END ends the structure block',
  'end-outside-struct': 'FDT_END is within size_dt_struct',
  'bytes-after-end': 'nothing follows FDT_END in the structure block',
  'no-root': 'there is a root node',
  'root-name': 'the root node has an empty name',
  'several-roots': 'there is only one root node',
  'duplicate-node': 'names of sibling nodes are unique',
  'duplicate-property': 'names of the properties of a node are unique',
};

/** Severities that do not follow from libfdt's verdict. */
const SEVERITIES: Partial<Record<FdtDiagnosticCode, Severity>> = {
  // The page of a tree continues after it; a copy of the page is not a mistake.
  'trailing-bytes': 'note',
  'other-version': 'note',
  // No root, no compatible: kho_populate refuses the tree.
  'no-root': 'error',
  // Only fdt_check_full looks at these, which the kernel does not call.
  'missing-end': 'warning',
  'end-outside-struct': 'warning',
  'root-name': 'warning',
  'several-roots': 'warning',
  // Refused since Linux 7.1, whose libfdt is newer than the one that the tables are made for.
  'block-unaligned': 'error',
};

/** The structure block has no end of its own. */
const CUT_OFF: readonly FdtDiagnosticCode[] = ['missing-end', 'end-outside-struct'];

/** Generations that only kernels from before Linux 7.1 read, whose libfdt does not look at alignment. */
const OLD_LIBFDT: readonly (Generation | undefined)[] = GENERATIONS.filter((name) => FACTS[name].oldLibfdt);

/**
 * The severity of one finding, where it is not the rule's. The kernel never calls fdt_check_full, and its look-ups end
 * at the root's FDT_END_NODE: what is after that is harmless, unless it is what should have been handed over.
 */
function ownSeverity(
  diagnostic: FdtDiagnostic,
  { namedTree, generation, tree }: Handover,
): Severity | undefined {
  const { code } = diagnostic;
  // A copy that debugfs cut off says nothing against the tree itself.
  if (namedTree !== undefined) return 'note';
  if (code === 'block-unaligned') return OLD_LIBFDT.includes(generation) ? 'warning' : undefined;
  return tree === undefined ? undefined : lookUpSeverity(tree, diagnostic);
}

/**
 * The severity of what fdt_check_full refuses for a reader that only looks things up.
 *
 * @returns undefined where it is that of the rule
 */
export function lookUpSeverity(tree: FdtTree, diagnostic: FdtDiagnostic): Severity | undefined {
  const info: FdtDiagnosticInfo = FDT_DIAGNOSTICS[diagnostic.code];
  if (info.libfdt === undefined || info.scope !== 'token') return undefined;
  if (diagnostic.code === 'root-name') return 'warning';
  if (diagnostic.code === 'several-roots') return hasStrayNodes(tree) ? 'error' : 'warning';
  // A structure block that ends inside the root takes what should follow with it.
  if (CUT_OFF.includes(diagnostic.code)) return rootEnd(tree) === undefined ? 'error' : 'warning';
  return isUnseen(tree, diagnostic) ? 'warning' : undefined;
}

/** Where the dump ends a root tree that goes on: what is wrong with it there is not the tree's fault. */
function cutAt({ brokenEntry, fdtAddress, tree }: Handover): bigint | undefined {
  if (fdtAddress === undefined || brokenEntry?.state !== 'absent' || brokenEntry.address !== fdtAddress)
    return undefined;
  return fdtAddress + BigInt(tree?.bytes.length ?? 0);
}

/** The root's children are two blobs of one name; the path of the diagnostic is that of their parent. */
function isUpstreamRoot({ preservedMemoryMap }: Handover, path: string | undefined): boolean {
  return preservedMemoryMap !== undefined && path === '/';
}

function fdtRule(code: FdtDiagnosticCode): Rule {
  const info: FdtDiagnosticInfo = FDT_DIAGNOSTICS[code];
  return {
    id: IDS[code],
    title: TITLES[code],
    severity: SEVERITIES[code] ?? (info.libfdt === undefined ? 'warning' : 'error'),
    // The 2024 series' own rule on sibling names is stricter (KHO-013).
    generations: code === 'duplicate-node' ? UPSTREAM : GENERATIONS,
    source: 'devicetree specification v0.4, chapter 5',
    evidence:
      info.libfdt === undefined ? 'scripts/dtc/libfdt' : `libfdt fdt_check_full: FDT_ERR_${info.libfdt}`,
    consequence: info.consequence,
    anyRoot: true,
    check({ handover }, report) {
      // What is not a place in memory has no bytes that could be judged.
      if (handover.brokenEntry?.state === 'impossible' && handover.tree?.bytes.length === 0) {
        report.skip('the address given for the tree cannot be memory', 'prerequisite');
        return;
      }
      if (code === 'other-version' && handover.tree !== undefined && isTooOld(handover.tree)) {
        report.skip(
          'the version of the tree is below 16, which libfdt reads but this toolkit does not',
          'unanswered',
        );
      }
      const cut = cutAt(handover);
      for (const diagnostic of handover.tree?.diagnostics ?? []) {
        if (diagnostic.code !== code) continue;
        if (cut !== undefined) {
          report.absent('the end of the root tree', cut);
          return;
        }
        // Reported as KHO-112.
        if (code === 'duplicate-node' && isUpstreamRoot(handover, diagnostic.path)) continue;
        const severity = ownSeverity(diagnostic, handover);
        const more = diagnostic.count > 1 ? ` (and ${diagnostic.count - 1} more)` : '';
        report.finding({
          ...(severity === undefined ? {} : { severity }),
          message: diagnostic.message + more,
          location: {
            ...(diagnostic.path === undefined ? {} : { fdtPath: diagnostic.path }),
            ...(handover.fdtAddress === undefined
              ? { fileOffset: BigInt(diagnostic.offset) }
              : { address: handover.fdtAddress + BigInt(diagnostic.offset) }),
          },
        });
      }
    },
  };
}

export const fdtRules: readonly Rule[] = (Object.keys(IDS) as FdtDiagnosticCode[]).map(fdtRule);

/** Rules without which properties have no names or values, so that looking for one means nothing. */
export const NAME_RULES: readonly string[] = [
  IDS['file-too-short'],
  IDS['bad-magic'],
  IDS['unsupported-version'],
  IDS['other-version'],
  IDS['totalsize-too-small'],
  IDS['truncated-file'],
  IDS['property-name-unterminated'],
];
