/** The PCI state: devices, and in version 2 the bridges above them (upstream 4.3). Its blocks are BLOCK-001 to -007. */

import { grouped } from '../../schema/grouped.js';
import { STRUCTURES } from '../../validate/reads.js';
import type { Reporter, RuleContext } from '../../validate/rule.js';
import { eachRule, repeated, rulesOf } from '../../validate/shapes.js';
import { knownVersion, reservedZero, restoredRecord } from '../../validate/structures/generic.js';
import {
  eachHeld,
  type Held,
  heldOf,
  heldRecords,
  holdersOf,
  knowsFiles,
} from '../../validate/structures/held.js';
import { elementField, fieldAt } from '../../validate/structures/place.js';
import { counted, hex } from '../../validate/text.js';
import { isWhole } from '../iommu/rules-view.js';
import { pciText } from '../values.js';
import { vfioFiles } from '../vfio/rules-files.js';
import { WITHOUT_BRIDGES } from './binding.js';
import type { PciDevice, PciState } from './model.js';
import { listsBridges, type PciEntry, pciEntries } from './rules-view.js';

const STATES = heldRecords<PciState>('pci', STRUCTURES);
const rule = rulesOf(STATES.shared);

const PCI = 'drivers/pci/liveupdate.c (lu-pci-preservation, in linux-next for 7.4)';
const REFUSED =
  'the FLB cannot be retrieved, and the next kernel panics: "Failed to retrieve incoming FLB data"';
const UNFINISHED =
  'the next kernel panics when the last file is finished: "Some preserved devices were never finished!"';

type HeldPci = Held<PciState>;

function entryField({ form }: HeldPci, entry: PciDevice, id: string) {
  return elementField(form, 'devices', entry, id);
}

/** Lists that are known as a whole; of others nothing can be counted. */
function whole(states: readonly HeldPci[]): readonly HeldPci[] {
  return states.filter(({ model }) => isWhole(model.devices));
}

export const version = knownVersion('pci', {
  id: 'PCI-001',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_flb_retrieve; include/linux/kho/abi/pci.h PCI_LUO_FLB_VERSION`,
  consequence: `-EINVAL: ${REFUSED}; each kernel takes the one version that it writes`,
  reads: STRUCTURES,
});

export const record = restoredRecord(['pci'], 'the PCI state', {
  id: 'PCI-002',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_flb_retrieve, pci_flb_finish`,
  consequence:
    'not checked: what was not preserved has been reused, and its version is another by then, for which the next kernel panics; freeing the record warns',
  reads: STRUCTURES,
});

export const deviceCount = rule({
  id: 'PCI-003',
  title: 'nr_devices is the number of entries in use',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_liveupdate_finish_device, pci_check_all_devices_finished, pci_liveupdate_preserve_bus_numbers`,
  consequence: `not checked against the entries: it does not come down to 0, and ${UNFINISHED}; 0 lets the next kernel give out new bus numbers under devices in use`,
  check(context, report) {
    for (const held of whole(eachHeld<PciState>(context, 'pci', report))) {
      const { form, model, subject } = held;
      const used = BigInt(pciEntries(context.handover, held).length);
      const counting = model.devices.items.filter(({ refcount }) => refcount !== 0).length;
      // Entries whose refcount is gone are PCI-011; the earlier forms count what follows.
      if (model.nrDevices === used || model.nrDevices === BigInt(counting)) continue;
      report.finding({
        subject,
        message: `nr_devices is ${model.nrDevices}, but ${counted(Number(used), 'entry', 'entries')} ${used === 1n ? 'is' : 'are'} in use`,
        location: fieldAt(form.root, model.address, 'nrDevices'),
        found: `${model.nrDevices}`,
        expected: `${used}`,
      });
    }
  },
});

export const devicesUnique = eachRule(STATES, {
  id: 'PCI-004',
  title: 'no device of the PCI state is there twice',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_flb_retrieve (xa_insert)`,
  consequence: `-EBUSY: ${REFUSED}`,
  *faults(held, context) {
    for (const [first, again] of repeated(pciEntries(context.handover, held), ({ device }) => device)) {
      yield {
        subject: { device: again.device },
        message: `entries ${first.index} and ${again.index} of the PCI state are both of device ${again.device}`,
        location: entryField(held, again.entry, 'bdf'),
        found: again.device,
      };
    }
  },
});

export const endpoints = rule({
  id: 'PCI-005',
  title: 'the refcount of a device with a VFIO file is 1',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_liveupdate_preserve_device, pci_liveupdate_finish_device`,
  consequence: `the file is finished once, and the refcount does not come down to 0: ${UNFINISHED}`,
  requires: ['PCI-004', 'VFIO-003'],
  check(context, report) {
    const files = new Set(vfioFiles(context.handover).map(({ device }) => device));
    for (const held of eachHeld<PciState>(context, 'pci', report)) {
      for (const { entry, index, device } of pciEntries(context.handover, held)) {
        const { refcount } = entry;
        // Without a refcount it is PCI-011.
        if (!files.has(device) || refcount === undefined || refcount <= 1) continue;
        report.finding({
          subject: { device },
          message: `refcount of entry ${index} of the PCI state, device ${device} of a VFIO file, is ${refcount}`,
          location: entryField(held, entry, 'refcount'),
          found: `${refcount}`,
          expected: '1',
        });
      }
    }
  },
});

/** States of the versions that a rule is on, where the devices of all VFIO files are known; says why it has none. */
function judged(
  context: RuleContext,
  report: Reporter,
  those: (states: readonly Held<PciState>[]) => readonly Held<PciState>[],
  other: string,
): { readonly own: readonly Held<PciState>[]; readonly files: ReadonlySet<string> } {
  const { handover } = context;
  const states = eachHeld<PciState>(context, 'pci', report);
  const own = those(states);
  const files = new Set(vfioFiles(handover).map(({ device }) => device));
  if (states.length > 0 && own.length === 0) report.skip(`this version ${other}`);
  else if (holdersOf(handover, 'vfioPci').length !== heldOf(handover, 'vfioPci').length)
    report.skip('not every record of the VFIO files could be read', 'prerequisite');
  else if (knowsFiles(handover, report)) return { own, files };
  return { own: [], files };
}

export const onlyEndpoints = rule({
  id: 'PCI-006',
  title: 'without bridges in the PCI state every entry is of a VFIO file, and has refcount 1',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_liveupdate_preserve, pci_check_all_devices_finished (version 1)`,
  consequence: `the device is never finished: ${UNFINISHED}`,
  requires: ['PCI-004', 'VFIO-004'],
  check(context, report) {
    const { handover } = context;
    const without = (held: Held<PciState>): boolean => WITHOUT_BRIDGES.includes(held.form.id);
    const { own, files } = judged(
      context,
      report,
      (all) => all.filter(without),
      'lists bridges too (PCI-007)',
    );
    for (const held of own) {
      const { form, model, subject } = held;
      const entries = pciEntries(handover, held);
      const foreign = entries.filter(({ device }) => !files.has(device));
      if (
        model.version !== undefined &&
        foreign.length > 0 &&
        segmentsUnexplained(entries, files).length === 0
      ) {
        report.finding({
          subject,
          message: `the PCI state is of version ${model.version}, but its entries are those of a version that lists bridges`,
          location: fieldAt(form.root, model.address, 'version'),
          found: `${model.version}`,
          expected: '2',
        });
        continue;
      }
      for (const { entry, index, device } of foreign) {
        report.finding({
          subject: { device },
          message: `no VFIO file is of device ${device}, entry ${index} of the PCI state`,
          location: entryField(held, entry, 'bdf'),
          found: device,
        });
      }
    }
  },
});

const busOf = ({ bdf }: PciDevice): number => bdf >> 8;

/** Entries of one segment whose refcounts no tree of buses explains, and why. */
function unexplained(
  entries: readonly PciEntry[],
  files: ReadonlySet<string>,
): { entry: PciEntry; why: string }[] {
  const below = new Map<number, number>();
  for (const { entry } of entries)
    below.set(busOf(entry), (below.get(busOf(entry)) ?? 0) + (entry.refcount ?? 1));
  const bridges = entries
    .filter(({ device }) => !files.has(device))
    .sort((a, b) => busOf(b.entry) - busOf(a.entry));
  // Every bridge has a bus of its own below it, with a higher number, whose devices it counts. The one with the highest
  // number has the least choice.
  const free = [...below].sort(([a], [b]) => b - a);
  return bridges.flatMap((each) => {
    const { refcount = 1 } = each.entry;
    const found = free.findIndex(([bus, sum]) => sum === refcount && bus > busOf(each.entry));
    if (found >= 0) {
      free.splice(found, 1);
      return [];
    }
    return [{ entry: each, why: `counts ${counted(refcount, 'device')}, but no bus below it has as many` }];
  });
}

/** Of each segment that no tree explains the first bridge: one wrong number leaves those above it without a bus too. */
function segmentsUnexplained(entries: readonly PciEntry[], files: ReadonlySet<string>) {
  return [...grouped(entries, ({ entry }) => entry.segment).values()].flatMap((each) =>
    unexplained(each, files).slice(0, 1),
  );
}

export const bridges = rule({
  id: 'PCI-007',
  title: 'the refcount of a bridge is the number of preserved devices below it',
  source: 'upstream 4.3 (seen in captures)',
  evidence: `${PCI} pci_liveupdate_preserve, pci_liveupdate_finish (version 2)`,
  consequence: `finishing the files does not bring it down to 0, and ${UNFINISHED}; or it is finished while devices below it are in use. The secondary bus of a bridge is not recorded: refcounts are reported where no tree of buses explains them`,
  requires: ['PCI-003', 'PCI-004', 'PCI-005', 'VFIO-004', 'PCI-011'],
  check(context, report) {
    const { handover } = context;
    const bridging = (all: readonly Held<PciState>[]): Held<PciState>[] => whole(all).filter(listsBridges);
    const { own, files } = judged(context, report, bridging, 'lists no bridges (PCI-006)');
    for (const held of own) {
      for (const first of segmentsUnexplained(pciEntries(handover, held), files)) {
        const { entry, index, device } = first.entry;
        report.finding({
          subject: { device },
          message: `bridge ${device}, entry ${index} of the PCI state, ${first.why}`,
          location: entryField(held, entry, 'refcount'),
          found: `${entry.refcount}`,
        });
      }
    }
  },
});

export const padding = reservedZero(['pci'], 'the PCI state', {
  id: 'PCI-009',
  source: 'upstream 4.3',
  evidence: 'include/linux/kho/abi/pci.h',
  consequence: 'not looked at; no kernel writes anything there',
  reads: STRUCTURES,
});

export const freeEntries = eachRule(STATES, {
  id: 'PCI-011',
  title: 'an entry with refcount 0 is all zeros',
  severity: 'warning',
  source: 'upstream 4.3',
  evidence: `${PCI} pci_liveupdate_unpreserve_device, pci_flb_retrieve`,
  consequence: `passed over: where nr_devices counts it, its device is set up as any other, and ${UNFINISHED}; the writer clears what it frees`,
  *faults(held, context) {
    const { model } = held;
    const used = BigInt(pciEntries(context.handover, held).length);
    for (const [index, entry] of model.devices.items.entries()) {
      if (entry.refcount !== 0 || (entry.bdf === 0 && entry.segment === 0)) continue;
      yield {
        ...(model.nrDevices === used ? { severity: 'error' as const } : {}),
        subject: { device: pciText(entry.segment, entry.bdf) },
        message: `entry ${index} of the PCI state has device ${pciText(entry.segment, entry.bdf)} and refcount 0`,
        location: entryField(held, entry, 'refcount'),
        found: '0',
        expected: model.nrDevices === used ? '1 or more' : 'zeros in the whole entry',
      };
    }
  },
});

export const room = rule({
  id: 'PCI-010',
  title: 'pci-v1 to pci-v3: there are no more devices than there is room for',
  source: 'upstream 4.3',
  evidence: 'include/linux/kho/abi/pci.h struct pci_ser max_nr_devices (earlier forms)',
  consequence: 'not checked: devices after the end are read from other memory',
  check(context, report) {
    const states = eachHeld<PciState>(context, 'pci', report);
    const own = states.filter(({ model }) => model.maxNrDevices !== undefined);
    if (states.length > 0 && own.length === 0)
      report.skip('only pci-v1 to pci-v3 have an array of fixed size');
    for (const { form, model, subject } of own) {
      const { maxNrDevices = 0n, nrDevices } = model;
      if (nrDevices <= maxNrDevices) continue;
      report.finding({
        subject,
        message: `nr_devices of the PCI state is ${nrDevices}, but max_nr_devices ${maxNrDevices}`,
        location: fieldAt(form.root, model.address, 'nrDevices'),
        found: hex(nrDevices),
        expected: `at most ${maxNrDevices}`,
      });
    }
  },
});

/** What the record says by itself; rules on VFIO files ask for these. */
export const pciRecordRules = [version, record, deviceCount, devicesUnique, padding, room, freeEntries];

/** What the record says together with the VFIO files. */
export const pciFileRules = [endpoints, onlyEndpoints, bridges];
