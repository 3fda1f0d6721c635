/** One rule for each thing that can be wrong with a devicetree blob; the codec's table says what. */
import { GENERATIONS, type Handover } from '../../abi/model.js';
import { FDT_DIAGNOSTICS, type FdtDiagnosticCode, type FdtDiagnosticInfo } from '../../fdt/diagnostics.js';
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

/** Severities that do not follow from libfdt's verdict. */
const SEVERITIES: Partial<Record<FdtDiagnosticCode, Severity>> = {
  // The page that holds a tree goes on behind it; a copy of the page is no mistake.
  'trailing-bytes': 'note',
  'other-version': 'note',
};

function isUpstreamChild({ preservedMemoryMap }: Handover, path: string | undefined): boolean {
  return preservedMemoryMap !== undefined && path !== undefined && /^\/[^/]*$/.test(path);
}

/** A sentence behind a colon: its first letter small, unless it begins with a name such as FDT_END. */
function inSentence(sentence: string): string {
  return /^[A-Z][a-z ]/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}

function fdtRule(code: FdtDiagnosticCode): Rule {
  const info: FdtDiagnosticInfo = FDT_DIAGNOSTICS[code];
  return {
    id: IDS[code],
    title: `not so: ${inSentence(info.sentence)}`,
    severity: SEVERITIES[code] ?? (info.libfdt === undefined ? 'warning' : 'error'),
    // The 2024 series' own rule on sibling names is stricter (KHO-013).
    generations: code === 'duplicate-node' ? GENERATIONS.filter((name) => name !== 'rfc-2024') : GENERATIONS,
    source: 'devicetree specification v0.4, chapter 5',
    evidence:
      info.libfdt === undefined ? 'scripts/dtc/libfdt' : `libfdt fdt_check_full: FDT_ERR_${info.libfdt}`,
    consequence: info.consequence,
    check({ handover }, report) {
      for (const diagnostic of handover.tree?.diagnostics ?? []) {
        if (diagnostic.code !== code) continue;
        // Two children of an upstream root are two blobs of one name: KHO-112.
        if (code === 'duplicate-node' && isUpstreamChild(handover, diagnostic.path)) continue;
        const more = diagnostic.count > 1 ? ` (and ${diagnostic.count - 1} more)` : '';
        report.finding({
          // A copy that debugfs cut off says nothing against the tree itself.
          ...(handover.namedTree === undefined ? {} : { severity: 'note' }),
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
