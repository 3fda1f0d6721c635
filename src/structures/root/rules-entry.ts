/** How the next kernel finds the tree (upstream E1 to E5): the x86 setup_data list, `/chosen` of a device tree. */
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import {
  BOOT_PARAMS,
  readSetupData,
  SETUP_DATA_SIZE,
  SetupDataType,
  setupData as setupDataRecord,
} from '../../records/kho.js';
import { KHO_DATA_SIZE, khoData } from '../../records/kho_root.js';
import { bytesToHex } from '../../schema/text.js';
import type { Rule } from '../../validate/rule.js';
import { fieldPlace, rulesOf } from '../../validate/shapes.js';
import { counted, hex, listed } from '../../validate/text.js';
import { reportDiagnostics, UPSTREAM } from '../../validate/upstream/shared.js';

const rule = rulesOf({ generations: UPSTREAM });

/** Elements followed before a list that does not return counts as endless; real ones have fewer than ten. */
const MAX_ELEMENTS = 4096;

/** Bytes of a page where setup_data exists. */
const X86_PAGE = 4096n;
/** Pages of one early mapping (NR_FIX_BTMAPS in arch/x86/include/asm/fixmap.h). */
const EARLY_PAGES = 64n;

interface SetupList {
  readonly elements: readonly { readonly address: bigint; readonly type: number }[];
  /** Where the list leads back to itself, or is given up. */
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

const finiteList = rule({
  id: 'KHO-101',
  title: 'the setup_data list terminates',
  source: 'upstream E1',
  evidence: 'arch/x86/kernel/setup.c parse_setup_data; arch/x86/boot/compressed/kaslr.c process_kho_entries',
  consequence:
    'the next kernel, or its decompressor, never leaves the loop that follows the list; it cannot map an element beyond all memory',
  needs: ['memory'],
  anyRoot: true,
  check({ handover: { memory, setupData, brokenEntry } }, report) {
    const bootParams = setupData?.bootParams ?? brokenEntry?.list?.bootParams;
    if (memory === undefined || bootParams === undefined) {
      report.skip('no setup_data entry of type 10 leads to the tree', 'not-applicable');
      return;
    }
    const { endless, absent, elements } = setupDataList(memory, bootParams);
    const found = (message: string, address: bigint) =>
      report.finding({
        message: `the setup_data list of boot_params at ${hex(bootParams)} ${message} after ${counted(elements.length, 'element')}`,
        location: fieldPlace(setupDataRecord, address, 'next'),
        expected: 'a next of 0, or the address of an element',
      });
    if (absent !== undefined && physicalAddress(absent) === undefined)
      found(`leads to ${hex(absent)}, beyond all memory,`, elements.at(-1)?.address ?? absent);
    else if (absent !== undefined) report.absent('an element of the setup_data list', absent);
    if (endless !== undefined) found(`leads back to ${hex(endless)}`, endless);
  },
});

const oneKhoElement = rule({
  id: 'KHO-102',
  title: 'the setup_data list has one element of type SETUP_KEXEC_KHO',
  source: 'upstream E2',
  evidence:
    'arch/x86/boot/compressed/kaslr.c process_kho_entries; kernel/liveupdate/kexec_handover.c kho_populate',
  consequence:
    'the decompressor uses the scratch regions of the first, while the kernel takes each element in turn: the last valid tree wins, the other trees are lost, and the scratch regions of all are used',
  needs: ['memory', 'setup_data'],
  requires: ['KHO-101'],
  anyRoot: true,
  check({ handover: { memory, setupData } }, report) {
    if (memory === undefined || setupData === undefined) return;
    const { elements } = setupDataList(memory, setupData.bootParams);
    const own = elements.filter(({ type }) => type === SetupDataType.kexecKho);
    if (own.length < 2) return;
    const payloads = own.map(({ address }) =>
      bytesToHex(readBytes(memory, address + BigInt(SETUP_DATA_SIZE), KHO_DATA_SIZE) ?? new Uint8Array(0)),
    );
    const same = payloads[0] !== '' && payloads.every((payload) => payload === payloads[0]);
    report.finding({
      ...(same ? { severity: 'warning' as const } : {}),
      message: `${own.length} elements of type ${SetupDataType.kexecKho}${same ? ' with the same contents' : ''}: ${listed(own.map(({ address }) => hex(address)))}`,
      location: fieldPlace(setupDataRecord, own[1]?.address, 'type'),
      found: `${own.length} elements`,
      expected: 'one',
    });
  },
});

const payloadLength = rule({
  id: 'KHO-103',
  title: "the element's payload is struct kho_data",
  source: 'upstream E3',
  evidence: 'arch/x86/kernel/setup.c add_kho',
  consequence:
    'the kernel maps len bytes but always reads 32: with a length of 0, or more than an early mapping allows, nothing is mapped and the kernel boots cold; a short element at the end of a page is read past the mapping, and the kernel faults',
  needs: ['memory', 'setup_data'],
  anyRoot: true,
  check({ handover: { setupData } }, report) {
    if (setupData === undefined || setupData.len === KHO_DATA_SIZE) return;
    const { element, len } = setupData;
    const start = (element + BigInt(SETUP_DATA_SIZE)) % X86_PAGE;
    // early_memremap maps whole pages.
    const mapped = (start + BigInt(len) + X86_PAGE - 1n) / X86_PAGE;
    const needed = (start + BigInt(KHO_DATA_SIZE) + X86_PAGE - 1n) / X86_PAGE;
    const fails = len === 0 || mapped > EARLY_PAGES || mapped < needed;
    report.finding({
      severity: fails ? 'error' : 'warning',
      message: `setup_data.len of the element at ${hex(element)} is ${len}, but struct kho_data has ${KHO_DATA_SIZE} bytes`,
      location: fieldPlace(setupDataRecord, element, 'len'),
      found: `${len}`,
      expected: `${KHO_DATA_SIZE}`,
    });
  },
});

const statedSize = rule({
  id: 'KHO-104',
  title: 'kho_data.fdt_size is one page and not smaller than the tree',
  source: 'upstream E4',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_populate',
  consequence:
    'the kernel maps that many bytes of the tree; with 0 it maps none and boots cold; reading past the mapping can fault',
  needs: ['memory', 'setup_data'],
  requires: ['KHO-103'],
  anyRoot: true,
  check({ handover: { setupData, tree, pageSize } }, report) {
    const size = setupData?.khoData?.fdtSize;
    if (setupData === undefined || size === undefined || size === BigInt(pageSize)) return;
    const totalsize = tree?.header?.totalsize ?? 0;
    const short = size === 0n || size < BigInt(totalsize);
    report.finding({
      severity: short ? 'error' : 'warning',
      message: `kho_data.fdt_size is ${hex(size)}${size === 0n ? ', so nothing is mapped' : short ? `, but the tree has ${totalsize} bytes` : `, but a page has ${pageSize} bytes`}`,
      location: fieldPlace(khoData, setupData.element + BigInt(SETUP_DATA_SIZE), 'fdtSize'),
      found: hex(size),
      expected: hex(pageSize),
    });
  },
});

const chosenPairs = rule({
  id: 'KHO-105',
  title: '/chosen names the tree and the scratch array, each with one address and size',
  source: 'upstream E5',
  evidence: 'drivers/of/fdt.c early_init_dt_check_kho',
  consequence: 'the kernel silently boots without a handover: everything preserved is lost',
  anyRoot: true,
  check({ handover }, report) {
    const { diagnostics, setupData, image, fdtAddress } = handover;
    if (diagnostics.some(({ code }) => code === 'chosen')) {
      reportDiagnostics(handover, report, 'chosen');
    } else if (setupData !== undefined || image === undefined || fdtAddress === undefined) {
      // Without setup_data only /chosen tells of an image; scratch regions are also known by notes and debugfs.
      report.skip('the device tree that the next kernel is booted with was not given');
    }
  },
});

export const entryRules: readonly Rule[] = [
  finiteList,
  oneKhoElement,
  payloadLength,
  statedSize,
  chosenPairs,
];
