/** The way from boot_params to the tree (rfc-2024 1.3). */
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { SETUP_DATA_SIZE } from '../../records/kho.js';
import { RFC_2024, type Rule } from '../../validate/rule.js';
import { hex, range } from '../../validate/text.js';
import { LOAD_ALIGN } from '../kho-mem/rules-cache.js';

/** libfdt refuses a tree at another address. */
const FDT_ALIGN = 8n;

export const elementLeads: Rule = {
  id: 'KHO-017',
  title: 'the setup_data element of type 10 leads to the tree',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 1.3, K1, K12',
  evidence: 'kernel/kexec_kho_in.c kho_populate (fdt_check_header); kernel/kexec_kho_out.c kho_fill_kimage',
  consequence:
    'the next kernel finds no tree where it looks and boots without a handover: nothing is reserved, and everything preserved is overwritten',
  needs: ['memory'],
  check({ handover }, report) {
    const { setupData, strayElements = [], fdtAddress, memory } = handover;
    if (strayElements.length === 0 && setupData === undefined) {
      report.skip('the dump has no setup_data entry of type 10, or only those of other boots');
      return;
    }
    for (const { element, rfc2024: data } of strayElements) {
      if (data === undefined || memory === undefined || fdtAddress === undefined) continue;
      const { dtAddr, scratchAddr, scratchSize } = data;
      const scratch = { start: scratchAddr, end: scratchAddr + scratchSize };
      const impossible = dtAddr === 0n || dtAddr >= BigInt(PHYSICAL_LIMIT) || dtAddr % FDT_ALIGN !== 0n;
      const isKnown = impossible || readBytes(memory, dtAddr, FDT_HEADER_SIZE) !== undefined;
      // A dump that was cut may lack the tree that is meant, and have one of an earlier boot: but only where the loader puts it.
      const isLoaded = dtAddr % LOAD_ALIGN === 0n && dtAddr >= scratch.start && dtAddr < scratch.end;
      if (!isKnown && isLoaded) {
        report.absent('the tree that kho_data.dt_addr names', dtAddr);
        continue;
      }
      report.finding({
        ...(isKnown ? {} : { severity: 'warning' }),
        message: `dt_addr of the element at ${hex(element)} is ${hex(dtAddr)}, where there is no tree${isKnown ? '' : ' in the dump'}; there is one at ${hex(fdtAddress)}, in the element's scratch ${range(scratch.start, scratch.end)}`,
        location: { address: element + BigInt(SETUP_DATA_SIZE), field: 'kho_data.dt_addr' },
        found: hex(dtAddr),
        expected: hex(fdtAddress),
      });
    }
  },
};
