/** How the next kernel finds the tree (upstream E1 to E5): the x86 setup_data list, `/chosen` of a device tree. */
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { BOOT_PARAMS, readSetupData, SETUP_DATA_SIZE, SetupDataType } from '../../records/kho.js';
import { KHO_DATA_SIZE } from '../../records/kho_root.js';
import type { Rule } from '../rule.js';
import { hex, listed } from '../text.js';
import { at, reportDiagnostics, UPSTREAM } from './shared.js';

/** Elements followed before a list that does not come back counts as endless; real ones have fewer than ten. */
const MAX_ELEMENTS = 4096;

interface SetupList {
  readonly elements: readonly { readonly address: bigint; readonly type: number }[];
  /** Where the list comes back to itself, or is given up. */
  readonly endless?: bigint;
  readonly absent?: bigint;
}

function setupDataList(memory: PhysicalMemory, bootParams: bigint): SetupList {
  const head = bootParams + BigInt(BOOT_PARAMS.setupData);
  const bytes = readBytes(memory, head, 8);
  if (bytes === undefined) return { elements: [], absent: head };
  const elements: { address: bigint; type: number }[] = [];
  const seen = new Set<bigint>();
  let address = new DataView(bytes.buffer).getBigUint64(0, true);
  while (address !== 0n) {
    if (seen.has(address) || seen.size >= MAX_ELEMENTS) return { elements, endless: address };
    seen.add(address);
    const element = readBytes(memory, address, SETUP_DATA_SIZE);
    if (element === undefined) return { elements, absent: address };
    const { next, type } = readSetupData(new DataView(element.buffer), 0);
    elements.push({ address, type });
    address = next;
  }
  return { elements };
}

export const finiteList: Rule = {
  id: 'KHO-101',
  title: 'the setup_data list ends',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream E1',
  evidence: 'arch/x86/kernel/setup.c parse_setup_data; arch/x86/boot/compressed/kaslr.c process_kho_entries',
  consequence: 'the next kernel, or its decompressor, never leaves the loop that follows the list',
  needs: ['memory', 'setup_data'],
  anyRoot: true,
  check({ handover: { memory, setupData } }, report) {
    if (memory === undefined || setupData === undefined) return;
    const { endless, absent, elements } = setupDataList(memory, setupData.bootParams);
    if (absent !== undefined) report.absent('an element of the setup_data list', absent);
    if (endless === undefined) return;
    report.finding({
      message: `The setup_data list of boot_params at ${hex(setupData.bootParams)} comes back to ${hex(endless)} after ${elements.length} elements`,
      location: at(endless, 'setup_data.next'),
      expected: 'a next of 0',
    });
  },
};

export const oneKhoElement: Rule = {
  id: 'KHO-102',
  title: 'the setup_data list has one element of type SETUP_KEXEC_KHO',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream E2',
  evidence:
    'arch/x86/boot/compressed/kaslr.c process_kho_entries; kernel/liveupdate/kexec_handover.c kho_populate',
  consequence:
    'the decompressor keeps clear of the scratch of the first, while the kernel takes each in turn: the last valid tree wins, and the scratch regions of all are used',
  needs: ['memory', 'setup_data'],
  requires: ['KHO-101'],
  anyRoot: true,
  check({ handover: { memory, setupData } }, report) {
    if (memory === undefined || setupData === undefined) return;
    const { elements } = setupDataList(memory, setupData.bootParams);
    const own = elements.filter(({ type }) => type === SetupDataType.kexecKho);
    if (own.length < 2) return;
    report.finding({
      message: `${own.length} elements of type ${SetupDataType.kexecKho}: ${listed(own.map(({ address }) => hex(address)))}`,
      location: at(own[1]?.address, 'setup_data.type'),
      found: `${own.length} elements`,
      expected: 'one',
    });
  },
};

export const payloadLength: Rule = {
  id: 'KHO-103',
  title: 'the element’s payload is struct kho_data',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream E3',
  evidence: 'arch/x86/kernel/setup.c add_kho',
  consequence: 'the length is not looked at: of a short element the kernel reads beyond what it has mapped',
  needs: ['memory', 'setup_data'],
  anyRoot: true,
  check({ handover: { setupData } }, report) {
    if (setupData === undefined || setupData.len === KHO_DATA_SIZE) return;
    report.finding({
      severity: setupData.len < KHO_DATA_SIZE ? 'error' : 'warning',
      message: `setup_data.len of the element at ${hex(setupData.element)} is ${setupData.len}, struct kho_data has ${KHO_DATA_SIZE} bytes`,
      location: at(setupData.element, 'setup_data.len'),
      found: `${setupData.len}`,
      expected: `${KHO_DATA_SIZE}`,
    });
  },
};

export const statedSize: Rule = {
  id: 'KHO-104',
  title: 'kho_data.fdt_size is one page and not less than the tree',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream E4',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_populate',
  consequence: 'the kernel maps that many bytes of the tree; reading on behind them can fault',
  needs: ['memory', 'setup_data'],
  requires: ['KHO-103'],
  anyRoot: true,
  check({ handover: { setupData, tree, pageSize } }, report) {
    const size = setupData?.khoData?.fdtSize;
    if (setupData === undefined || size === undefined || size === BigInt(pageSize)) return;
    const totalsize = tree?.header?.totalsize ?? 0;
    const short = size < BigInt(totalsize);
    report.finding({
      severity: short ? 'error' : 'warning',
      message: `kho_data.fdt_size is ${hex(size)}${short ? `, the tree has ${totalsize} bytes` : `, a page has ${pageSize} bytes`}`,
      location: at(setupData.element, 'kho_data.fdt_size'),
      found: hex(size),
      expected: hex(pageSize),
    });
  },
};

export const chosenPairs: Rule = {
  id: 'KHO-105',
  title: '/chosen names the tree and the scratch array, each with one address and size',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream E5',
  evidence: 'drivers/of/fdt.c early_init_dt_check_kho',
  consequence: 'the boot counts as one without a handover, silently: all that is preserved is lost',
  anyRoot: true,
  check({ handover }, report) {
    const { diagnostics, setupData, scratch, fdtAddress } = handover;
    if (diagnostics.some(({ code }) => code === 'chosen')) {
      reportDiagnostics(handover, report, 'chosen');
    } else if (setupData !== undefined || scratch === undefined || fdtAddress === undefined) {
      report.skip('no device tree was given that the next kernel is booted with');
    }
  },
};
