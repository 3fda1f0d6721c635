/** VFIO files, and the lists of devices that they have to agree with (upstream 4.4). */

import type { Handover } from '../../abi/model.js';
import { STRUCTURES } from '../../validate/reads.js';
import type { Reporter, RuleContext } from '../../validate/rule.js';
import { repeated, rulesOf } from '../../validate/shapes.js';
import { definedValues, restoredRecord } from '../../validate/structures/generic.js';
import { eachHeld, heldOf, holdersOf, knowsFiles } from '../../validate/structures/held.js';
import { fieldAt } from '../../validate/structures/place.js';
import { hex } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
import { deviceName, deviceSubject, fieldPlace, iommuViews, isWhole } from '../iommu/rules-view.js';
import type { IommufdState } from '../iommufd/model.js';
import { pciEntries, pciStates } from '../pci/rules-view.js';
import { pciText } from '../values.js';
import type { VfioPciState } from './model.js';
import { type VfioFile, vfioFiles } from './rules-files.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: STRUCTURES });

const VFIO = 'drivers/vfio/pci/vfio_pci_liveupdate.c (samikhawaja/linux, not in a release)';

export const record = restoredRecord(['vfioPci'], 'VFIO devices', {
  id: 'VFIO-001',
  source: 'upstream 4.4',
  evidence: `${VFIO} vfio_pci_liveupdate_retrieve, vfio_pci_liveupdate_finish`,
  consequence:
    'not checked: the next kernel reads another device there, or finds none (-ENODEV), and freeing the record warns',
  reads: STRUCTURES,
});

export const values = definedValues(['vfioPci'], 'VFIO devices', {
  id: 'VFIO-002',
  source: 'upstream 4.4',
  evidence: 'include/linux/kho/abi/vfio_pci.h struct vfio_pci_core_device_ser',
  consequence: 'taken for 1: the device is said to support a reset',
  reads: STRUCTURES,
});

function each(context: RuleContext, report: Reporter): readonly VfioFile[] {
  eachHeld<VfioPciState>(context, 'vfioPci', report);
  return vfioFiles(context.handover);
}

export const oneFile = rule({
  id: 'VFIO-003',
  title: 'a device has one VFIO file',
  source: 'upstream 4.4',
  evidence: `${VFIO} vfio_pci_liveupdate_retrieve`,
  consequence:
    'the second file is refused, as the device is open already (-EBUSY); it can never be finished, and its session never ends',
  check(context, report) {
    for (const [first, file] of repeated(each(context, report), ({ device }) => device)) {
      report.finding({
        subject: { ...file.subject, device: file.device },
        message: `${file.name} is of device ${file.device}, which ${first.name.replace(/,$/, '')} is of already`,
        location: fieldAt(file.form.root, file.model.address, 'bdf'),
        found: file.device,
      });
    }
  },
});

/** Where the VFIO files, the IOMMU devices and the PCI devices do not agree; each disagreement once. */
interface Disagreements {
  /** Files whose device the PCI state lacks. */
  readonly withoutPci: readonly VfioFile[];
  /** Files whose device only the IOMMU state lacks. */
  readonly withoutIommu: readonly VfioFile[];
  /** Devices of the IOMMU state that have no file. */
  readonly withoutFile: ReadonlySet<string>;
}

function disagreements(handover: Handover): Disagreements {
  const files = vfioFiles(handover);
  const own = new Set(files.map(({ device }) => device));
  const states = pciStates(handover);
  const pci = new Set(states.flatMap((state) => pciEntries(handover, state).map(({ device }) => device)));
  const iommu = new Set(
    iommuViews(handover).flatMap(({ devices }) => devices.map(({ segment, bdf }) => pciText(segment, bdf))),
  );
  const pciKnown = states.length > 0 && states.every(({ model }) => isWhole(model.devices));
  const iommuKnown =
    iommuViews(handover).length > 0 && iommuViews(handover).every(({ model }) => isWhole(model.devices));
  const withoutPci = pciKnown ? files.filter(({ device }) => !pci.has(device)) : [];
  const lacking = iommuKnown ? files.filter(({ device }) => !iommu.has(device)) : [];
  const orphans = [...iommu].filter((device) => !own.has(device));
  // A file that both others lack is the odd one: the device that is left over is its own.
  const odd = lacking.filter((file) => withoutPci.includes(file)).length;
  const withoutFile = new Set(orphans.slice(0, Math.max(0, orphans.length - odd)));
  // A file that the PCI state has is in order: the device that is left over is the odd one.
  const agreed = lacking.filter((file) => !withoutPci.includes(file));
  return { withoutPci, withoutIommu: agreed.slice(withoutFile.size), withoutFile };
}

export const inPci = rule({
  id: 'VFIO-004',
  title: 'the device of every VFIO file is in the PCI state',
  source: 'upstream 4.3, 4.4',
  evidence: `${VFIO} vfio_pci_liveupdate_preserve, vfio_pci_liveupdate_finish; drivers/pci/liveupdate.c pci_liveupdate_finish`,
  consequence:
    'the device is set up as any other: its bus numbers, ACS and ARI settings may change under its DMA; finishing the file warns ("Cannot finish preserving an unpreserved device"), and a device of the PCI state without a file is never finished, for which the kernel panics',
  requires: ['VFIO-003', 'PCI-003', 'PCI-004'],
  check(context, report) {
    const { handover } = context;
    const files = each(context, report);
    if (files.length > 0 && pciStates(handover).length === 0)
      report.skip('there is no PCI state that could be read', 'prerequisite');
    for (const { name, device, subject, form, model } of disagreements(handover).withoutPci) {
      report.finding({
        subject: { ...subject, device },
        message: `${name} is of device ${device}, which the PCI state lacks`,
        location: fieldAt(form.root, model.address, 'bdf'),
        found: device,
      });
    }
  },
});

export const inIommu = rule({
  id: 'VFIO-005',
  title: 'the device of every VFIO file in a session with an iommufd is in the IOMMU state',
  severity: 'warning',
  source: 'upstream 4.4, 4.5',
  evidence: `${VFIO} vfio_pci_liveupdate_preserve`,
  consequence:
    'the device has no domain in the next kernel: it is attached to a fresh one, and its DMA stops. Only a device that was not attached to any is handed over so',
  requires: ['VFIO-003', 'IOMMU-003', 'IOMMU-005', 'IOMMU-008'],
  check(context, report) {
    const { handover } = context;
    const files = each(context, report);
    if (files.length > 0 && iommuViews(handover).length === 0)
      report.skip('there is no IOMMU state that could be read', 'prerequisite');
    const sessions = new Set(holdersOf(handover, 'iommufd').map(({ of }) => of?.session));
    for (const { name, device, subject, session, form, model } of disagreements(handover).withoutIommu) {
      const deleted = iommuViews(handover).some((view) =>
        view.model.devices.items.some((each) => each.deleted && pciText(each.segment, each.bdf) === device),
      );
      if (!sessions.has(session) && !deleted) continue;
      report.finding({
        subject: { ...subject, device },
        message: `${name} is of device ${device}, which ${deleted ? 'is deleted in the IOMMU state' : 'the IOMMU state lacks'}`,
        location: fieldAt(form.root, model.address, 'bdf'),
        found: device,
      });
    }
  },
});

export const hasFile = rule({
  id: 'VFIO-006',
  title: 'every device of the IOMMU state has a VFIO file',
  source: 'upstream 4.4, 4.5',
  evidence: `${VFIO} vfio_pci_liveupdate_preserve; drivers/iommu/liveupdate.c iommu_preserve_device`,
  consequence:
    'the device cannot be retrieved: it stays attached to its domain, and its DMA continues, until the next reboot',
  requires: ['VFIO-003', 'IOMMU-003', 'IOMMU-005', 'IOMMU-008', 'IOMMU-009', 'IOMMU-023', 'IOMMU-024'],
  check(context, report) {
    const { handover } = context;
    const views = iommuViews(handover);
    if (views.length === 0) report.skip('there is no IOMMU state');
    // A record that could not be read may be of any device.
    if (holdersOf(handover, 'vfioPci').length !== heldOf(handover, 'vfioPci').length) {
      report.skip('not every record of the VFIO files could be read', 'prerequisite');
      return;
    }
    if (!knowsFiles(handover, report)) return;
    const { withoutFile } = disagreements(handover);
    for (const view of views) {
      for (const device of view.devices) {
        if (!withoutFile.has(pciText(device.segment, device.bdf))) continue;
        report.finding({
          subject: deviceSubject(device),
          message: `no VFIO file is of ${deviceName(device)} of the IOMMU state`,
          location: fieldPlace(view, 'devices', device, 'devid'),
          found: pciText(device.segment, device.bdf),
        });
      }
    }
  },
});

export const afterIommufd = rule({
  id: 'VFIO-007',
  title: 'a VFIO file comes after the iommufd that owns the DMA of its device',
  severity: 'warning',
  source: 'upstream 4.6',
  evidence:
    'drivers/iommu/liveupdate.c iommu_preserve_device (samikhawaja/linux, not in a release): -EINVAL without a preserved domain',
  consequence:
    'no kernel writes that, as it refuses a device before its domain is preserved: files were reordered, or the token is of another file',
  requires: ['VFIO-003'],
  follows: ['IOMMUFD-109'],
  check(context, report) {
    const { handover } = context;
    const files = each(context, report);
    const iommufds = holdersOf<IommufdState>(handover, 'iommufd');
    for (const { devices } of iommuViews(handover)) {
      for (const device of devices) {
        const file = files.find((one) => one.device === pciText(device.segment, device.bdf));
        // Before iommu-liveupdate nothing names the owner but the domain.
        const owner = iommufds.find(({ of, held }) =>
          of?.session !== file?.session
            ? false
            : device.dmaOwnerToken === undefined
              ? held?.model.hwpts.items.some(({ domain }) => domain === device.domain) === true
              : of?.file.token === device.dmaOwnerToken,
        );
        if (file === undefined || owner?.of === undefined || owner.of.index < file.index) continue;
        report.finding({
          subject: { ...file.subject, device: file.device },
          message: `${file.name} is file ${file.index}, before its iommufd, file ${owner.of.index}`,
          location: file.location,
          found: `file ${file.index}`,
          expected: `after file ${owner.of.index}`,
        });
      }
    }
  },
});

export const ownIommufd = rule({
  id: 'VFIO-008',
  title: 'vfio-pci-v1, first form: the token of the iommufd is one of the session',
  source: 'upstream 4.4',
  evidence: 'include/linux/kho/abi/vfio_pci.h (list post of February 2026) iommufd_ser.token',
  consequence: 'the device is not bound to its iommufd again: user space cannot take over its DMA',
  check(context, report) {
    const files = each(context, report);
    const named = files.filter(({ model }) => model.token !== undefined);
    if (files.length > 0 && named.length === 0) report.skip('no VFIO file names its iommufd');
    const iommufds = holdersOf<IommufdState>(context.handover, 'iommufd');
    for (const { model, session, subject, name, form } of named) {
      if (iommufds.some(({ of }) => of?.session === session && of.file.token === model.token)) continue;
      if (!knowsFiles(context.handover, report, session)) continue;
      report.finding({
        subject,
        message: `${name} names the iommufd ${hex(model.token ?? 0n)}, but session ${quoted(session.name)} has none of that token`,
        location: fieldAt(form.root, model.address, 'token'),
        found: hex(model.token ?? 0n),
      });
    }
  },
});

export const vfioRules = [record, values, oneFile, inPci, inIommu, hasFile, afterIommufd, ownIommufd];
