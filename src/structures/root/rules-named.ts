/** What names the root tree names one (upstream E6, E8; rfc-2024 K1, K2). */
import { type BrokenEntry, GENERATIONS, type Handover, type Location } from '../../abi/model.js';
import { FdtHeaderMagic, readFdtHeader } from '../../records/fdt.js';
import { SETUP_DATA_SIZE } from '../../records/kho.js';
import type { Rule } from '../../validate/rule.js';
import { hex, listed } from '../../validate/text.js';

/** What the kernel calls the place that names the tree. */
const WORDS: Readonly<Record<BrokenEntry['how'], string>> = {
  setup_data: 'kho_data.fdt_addr',
  '/chosen': '/chosen',
  '--fdt-addr': '--fdt-addr',
};

export const namedTree: Rule = {
  id: 'KHO-170',
  title: 'every pointer to the root tree leads to one',
  severity: 'error',
  generations: GENERATIONS,
  source: 'upstream E6, E8; rfc-2024 K1, K2',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_populate (early_memremap, fdt_check_header, fdt_node_check_compatible)',
  consequence:
    'the next kernel refuses the tree ("disabling KHO revival") and boots cold: nothing is reserved, and everything preserved is lost; the kernel does not search for other trees',
  anyRoot: true,
  check({ handover }, report) {
    const { brokenEntry, setupData, scratch, fdtAddress } = handover;
    if (brokenEntry === undefined) {
      const named = setupData !== undefined || (scratch !== undefined && fdtAddress !== undefined);
      if (!named) report.skip('neither setup_data nor /chosen names the tree');
      return;
    }
    const { how, address, state, others, list } = brokenEntry;
    if (list !== undefined) {
      report.skip(
        'the setup_data list is cut off before an element that names the tree (KHO-101)',
        'prerequisite',
      );
      return;
    }
    if (state === 'absent') {
      report.absent(
        `${address === fdtAddress ? 'the end of ' : ''}the tree that ${WORDS[how]} names`,
        address,
      );
      return;
    }
    const elsewhere =
      others.length === 0
        ? ''
        : `; ${others.length === 1 ? 'a complete tree is' : 'complete trees are'} at ${listed(others.map(hex))}, but nothing points there`;
    const isOwn = address === fdtAddress && state === 'unreadable';
    report.finding({
      message: `${WORDS[how]} names ${hex(address)} as the root tree, ${isOwn ? whatLies(handover) : missing(brokenEntry)}${elsewhere}`,
      location: placeOf(handover, brokenEntry),
      found: hex(address),
      ...(others[0] === undefined ? {} : { expected: hex(others[0]) }),
    });
  },
};

function missing({ address, state }: BrokenEntry): string {
  if (state === 'unreadable') return 'where there is no root tree';
  return address === 0n ? 'which means none' : 'which is beyond all memory';
}

function whatLies({ tree }: Handover): string {
  const head = tree?.bytes;
  const magic =
    head === undefined ? 0 : readFdtHeader(new DataView(head.buffer, head.byteOffset, head.length), 0).magic;
  if (magic === FdtHeaderMagic.fdtMagic)
    return 'where there is a devicetree blob that is not the root of a handover';
  return `where there is no devicetree blob: the first word is ${hex(magic)}`;
}

function placeOf({ setupData }: Handover, { how, address, state }: BrokenEntry): Location {
  if (state === 'impossible' && how === 'setup_data' && setupData !== undefined) {
    return { address: setupData.element + BigInt(SETUP_DATA_SIZE), field: 'kho_data.fdt_addr' };
  }
  if (how === '/chosen' && state === 'impossible') return { fdtPath: '/chosen' };
  return { address, field: 'fdt_header.magic' };
}
