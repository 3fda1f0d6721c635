/** iommufds: the page tables that user space named, and whose devices’ DMA they own (upstream 4.6). */

import type { LuoSession } from '../../abi/upstream/model.js';
import { blockSize } from '../../memory/blocks.js';
import { readBytes } from '../../memory/read.js';
import { bytesToText } from '../../schema/text.js';
import { IOMMUFD } from '../../validate/reads.js';
import { eachRule, repeated, rulesOf } from '../../validate/shapes.js';
import { isZeroAt, reservedZero, restoredRecord } from '../../validate/structures/generic.js';
import { eachHeld, type Held, heldRecords, holdersOf, knowsFiles } from '../../validate/structures/held.js';
import { elementField, elementOf, fieldAt } from '../../validate/structures/place.js';
import { hex, size } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { at, orderAt, wholeMap } from '../../validate/upstream/shared.js';
import {
  deviceName,
  deviceSubject,
  domainName,
  domainSubject,
  fieldPlace,
  iommuViews,
  isWhole,
} from '../iommu/rules-view.js';
import { type VfioFile, vfioFiles } from '../vfio/rules-files.js';
import type { IommufdHwpt, IommufdState } from './model.js';

const IOMMUFDS = heldRecords<IommufdState>('iommufd', IOMMUFD);
const rule = rulesOf(IOMMUFDS.shared);

const SOURCE = 'drivers/iommu/iommufd/liveupdate.c (samikhawaja/linux, not in a release)';
const ABI = 'include/linux/kho/abi/iommufd.h';

type HeldIommufd = Held<IommufdState>;

function hwptField({ form }: HeldIommufd, hwpt: IommufdHwpt, id: string) {
  return elementField(form, 'hwpts', hwpt, id);
}

/** A page table that is counted and was never written. */
function isBlank(
  { memory }: { readonly memory?: Parameters<typeof isZeroAt>[0] | undefined },
  { form }: HeldIommufd,
  { address, domain }: IommufdHwpt,
): boolean {
  const width = elementOf(form, 'hwpts')?.record.size ?? 0;
  return domain === 0n && memory !== undefined && isZeroAt(memory, address, width);
}

export const record = restoredRecord(['iommufd'], 'iommufds', {
  id: 'IOMMUFD-101',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_liveupdate_retrieve`,
  consequence:
    '-EFAULT: the iommufd cannot be retrieved, nor its page tables; what was not preserved has been reused by then',
  reads: IOMMUFD,
});

export const form = rule({
  id: 'IOMMUFD-111',
  title: 'the record of an iommufd has the form that goes with the IOMMU state',
  source: 'upstream 4.6',
  evidence: `${ABI}; both forms have the name iommufd-v1`,
  consequence:
    'the count was damaged: read in the form that the kernel has, it leads beyond the record, or to page tables that are none',
  check(context, report) {
    const { handover } = context;
    const all = eachHeld<IommufdState>(context, 'iommufd', report);
    const states = iommuViews(handover);
    if (all.length > 0 && states.length === 0) {
      report.skip('there is no IOMMU state that could be read', 'prerequisite');
      return;
    }
    for (const { form: own, forms, model, subject, name } of all) {
      if (own.alongside === undefined || states.some((state) => own.alongside?.includes(state.form.id)))
        continue;
      const other = forms.find((each) => states.some((state) => each.alongside?.includes(state.form.id)));
      report.finding({
        subject,
        message: `the record of ${name} reads as ${own.title} only, but the IOMMU state is ${states[0]?.form.title}`,
        location: fieldAt(own.root, model.address, 'count'),
        expected: other?.title ?? 'the form of the same kernel',
      });
    }
  },
});

/** Bytes of a record with its page tables. */
function wholeSize({ form, model }: HeldIommufd): bigint {
  const head = form.root.record.size ?? 0;
  return BigInt(head) + model.nrHwpts * BigInt(elementOf(form, 'hwpts')?.record.size ?? 0);
}

export const count = rule({
  id: 'IOMMUFD-102',
  title: 'the page tables of an iommufd fit the block of its record',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_hwpt_lu_restore, iommufd_liveupdate_can_finish`,
  consequence: 'not checked: the next kernel takes what follows the block for page tables',
  requires: ['IOMMUFD-111'],
  check(context, report) {
    const all = eachHeld<IommufdState>(context, 'iommufd', report);
    const map = wholeMap(context, report);
    if (map === undefined) return;
    for (const held of all) {
      const { form, model, subject, name } = held;
      const order = orderAt(map, Number(model.address / BigInt(map.pageSize)));
      const room = blockSize(Math.max(order, 0), map.pageSize);
      const bytes = wholeSize(held);
      if (bytes <= room) continue;
      report.finding({
        subject,
        message: `the record of ${name} counts ${model.nrHwpts} page tables, but its block has ${size(room)}`,
        location: fieldAt(form.root, model.address, 'count'),
        found: `${model.nrHwpts}`,
        expected: `at most ${(room - BigInt(form.root.record.size ?? 0)) / BigInt(elementOf(form, 'hwpts')?.record.size ?? 1)}`,
      });
    }
  },
});

export const nothingBehind = eachRule(IOMMUFDS, {
  id: 'IOMMUFD-103',
  title: 'an iommufd counts the page tables that are written',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_liveupdate_preserve, iommufd_hwpt_lu_restore`,
  consequence:
    'a page table that the count leaves out cannot be retrieved (-ENOENT), and its device stays attached to it for good; zeros that it counts are taken for a page table with its domain at 0',
  requires: ['IOMMUFD-102'],
  *faults(held, context, report) {
    const { memory } = context.handover;
    const { form, model, subject, name } = held;
    const blank = model.hwpts.items.filter((hwpt) => isBlank(context.handover, held, hwpt)).length;
    const end = model.address + wholeSize(held);
    const width = elementOf(form, 'hwpts')?.record.size ?? 0;
    // What follows lies in the same page, or is another’s.
    const inside = memory !== undefined && end % BigInt(context.handover.pageSize) !== 0n;
    const rest = inside ? readBytes(memory, end, width) : undefined;
    const more = rest?.some((byte) => byte !== 0) === true;
    if (inside && rest === undefined)
      report.skip('what follows the last page table is not in the dump', 'not-given');
    if (blank === 0 && !more) return;
    yield {
      subject,
      message: `the record of ${name} counts ${model.nrHwpts} page tables, but ${more ? 'another one follows' : `${blank} of them ${blank === 1 ? 'is' : 'are'} all zeros`}`,
      location: fieldAt(form.root, model.address, 'count'),
      found: `${model.nrHwpts}`,
      expected: more ? `${model.nrHwpts + 1n} or more` : `${model.nrHwpts - BigInt(blank)}`,
    };
  },
});

export const domains = rule({
  id: 'IOMMUFD-104',
  title: 'every page table of an iommufd is a domain in use of the IOMMU state',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_hwpt_lu_restore`,
  consequence:
    'not checked: other memory is taken for a domain, and its restored_domain is followed; where that is 0, -ENOENT, and the page table is lost',
  requires: ['IOMMUFD-102', 'IOMMUFD-103', 'IOMMU-003', 'IOMMU-004', 'IOMMU-005', 'IOMMU-008'],
  check(context, report) {
    const views = iommuViews(context.handover);
    const all = eachHeld<IommufdState>(context, 'iommufd', report);
    if (all.length > 0 && views.length === 0) {
      report.skip(
        'there is no IOMMU state that could be read (FLB-009, IOMMU-001, IOMMU-002)',
        'prerequisite',
      );
      return;
    }
    const live = new Set(views.flatMap((view) => view.domains.map(({ address }) => address)));
    const deleted = new Set(
      views.flatMap(({ model }) =>
        model.domains.items.filter((item) => item.deleted).map((item) => item.address),
      ),
    );
    const whole = views.every(({ model }) => isWhole(model.domains));
    // Of a domain that a device has too IOMMU-020 tells.
    const told = new Set(views.flatMap((view) => view.devices.map(({ domain }) => domain)));
    for (const held of all) {
      for (const [i, hwpt] of held.model.hwpts.items.entries()) {
        if (live.has(hwpt.domain) || told.has(hwpt.domain)) continue;
        if (!whole && !deleted.has(hwpt.domain)) {
          const [missing] = views.flatMap(({ model }) => model.domains.missing ?? []);
          if (missing !== undefined) report.absent(missing.what, missing.address);
          continue;
        }
        report.finding({
          subject: held.subject,
          message: `page table ${i} of ${held.name} has its domain at ${hex(hwpt.domain)}, ${deleted.has(hwpt.domain) ? 'which is deleted' : 'where no domain of the IOMMU state is'}`,
          location: hwptField(held, hwpt, 'domain'),
          found: hex(hwpt.domain),
          expected: 'a domain in use',
        });
      }
    }
  },
});

export const tokens = eachRule(IOMMUFDS, {
  id: 'IOMMUFD-105',
  title: 'the tokens of the page tables of an iommufd are unique',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_hwpt_lu_set_preserved, iommufd_hwpt_lu_restore`,
  consequence:
    'the first is found, and the other cannot be retrieved; the writer refuses a second one (-EADDRINUSE)',
  requires: ['IOMMUFD-102', 'IOMMUFD-103'],
  *faults(held) {
    for (const [, hwpt] of repeated(held.model.hwpts.items, ({ token }) => token)) {
      yield {
        message: `two page tables of ${held.name} have the token ${hex(hwpt.token)}`,
        location: hwptField(held, hwpt, 'token'),
        found: hex(hwpt.token),
      };
    }
  },
});

export const reclaimed = eachRule(IOMMUFDS, {
  id: 'IOMMUFD-106',
  title: 'no page table of an iommufd is marked as retrieved',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_save_hwpts, iommufd_hwpt_lu_restore`,
  consequence:
    'the page table is passed over: user space gets -ENOENT for its token, and the domain stays attached; the writer leaves 0, and the next kernel sets 1',
  requires: ['IOMMUFD-102'],
  *faults(held) {
    for (const [i, hwpt] of held.model.hwpts.items.entries()) {
      if (hwpt.reclaimed === 0) continue;
      yield {
        message: `reclaimed of page table ${i} of ${held.name} is ${hwpt.reclaimed}`,
        location: hwptField(held, hwpt, 'reclaimed'),
        found: `${hwpt.reclaimed}`,
        expected: '0',
      };
    }
  },
});

export const padding = reservedZero(['iommufd'], 'iommufds', {
  id: 'IOMMUFD-107',
  source: 'upstream 4.6',
  evidence: `${ABI}; kho_alloc_preserve gives pages of zeros`,
  consequence: 'not looked at; no kernel writes anything there',
  requires: ['IOMMUFD-102'],
  reads: IOMMUFD,
});

export const oneEach = rule({
  id: 'IOMMUFD-108',
  title: 'every domain in use is the page table of one iommufd',
  source: 'upstream 4.6',
  evidence: `${SOURCE} iommufd_save_hwpts; drivers/iommu/liveupdate.c iommu_preserve_domain (-EBUSY)`,
  consequence:
    'a domain of two page tables is given out twice, and freed under the other; one of none cannot be retrieved: its devices stay attached to it until the next reboot (a driver that preserves domains of its own leaves such)',
  requires: ['IOMMUFD-104'],
  check(context, report) {
    const { handover } = context;
    const all = eachHeld<IommufdState>(context, 'iommufd', report);
    const users = new Map<bigint, string>();
    for (const held of all) {
      for (const [i, hwpt] of held.model.hwpts.items.entries()) {
        const what = `page table ${i} of ${held.name}`.replace(/,$/, '');
        const first = users.get(hwpt.domain);
        if (first === undefined) {
          users.set(hwpt.domain, what);
          continue;
        }
        report.finding({
          subject: held.subject,
          message: `the domain at ${hex(hwpt.domain)} is ${first} and ${what}`,
          location: hwptField(held, hwpt, 'domain'),
          found: hex(hwpt.domain),
        });
      }
    }
    // Of files that could not be read nobody knows what they have.
    if (all.length === 0 || all.length < holdersOf(handover, 'iommufd').length) return;
    if (!all.every(({ model }) => isWhole(model.hwpts)) || !knowsFiles(handover, report)) return;
    for (const view of iommuViews(handover)) {
      for (const domain of view.domains) {
        if (users.has(domain.address)) continue;
        report.finding({
          severity: 'warning',
          subject: domainSubject(view, domain),
          message: `no iommufd has ${domainName(view, domain).replace(/,$/, '')} among its page tables`,
          location: at(domain.address, 'iommu_domain_ser'),
        });
      }
    }
  },
});

/** The iommufds of a session by LUO token. */
function iommufdsOf(
  all: readonly HeldIommufd[],
  session: LuoSession | undefined,
): ReadonlyMap<bigint, HeldIommufd> {
  return new Map(
    all.flatMap((held) =>
      held.of === undefined || (session !== undefined && held.of.session !== session)
        ? []
        : [[held.of.file.token, held] as const],
    ),
  );
}

export const owners = rule({
  id: 'IOMMUFD-109',
  title: 'dma_owner_token of a device is the token of an iommufd in the session of its VFIO file',
  source: 'upstream 4.5, 4.6',
  evidence:
    'drivers/iommu/iommufd (samikhawaja/linux, not in a release) iommufd_device_preserve; include/linux/kho/abi/iommu.h',
  consequence:
    'no iommufd can claim the DMA of the device: binding it is refused, and the device cannot be taken over',
  requires: ['IOMMU-005', 'IOMMU-009'],
  check(context, report) {
    const { handover } = context;
    const holders = holdersOf<IommufdState>(handover, 'iommufd');
    const views = iommuViews(handover);
    if (views.length === 0) report.skip('there is no IOMMU state');
    const devices = views.flatMap((view) => view.devices.map((device) => ({ view, device })));
    const named = devices.filter(({ device }) => device.dmaOwnerToken !== undefined);
    if (devices.length > 0 && named.length === 0) report.skip('only iommu-liveupdate names the owner of DMA');
    const files = vfioFiles(handover);
    for (const { view, device } of named) {
      const file = fileOf(files, device);
      const token = device.dmaOwnerToken ?? 0n;
      const own = holders.some(
        ({ of }) => of?.file.token === token && (file === undefined || of.session === file.session),
      );
      if (own || !knowsFiles(handover, report, file?.session)) continue;
      const where = file === undefined ? '' : ` of session ${quoted(file.session.name)}`;
      report.finding({
        subject: {
          ...deviceSubject(device),
          ...(file === undefined ? {} : { session: bytesToText(file.session.name).text }),
        },
        message: `dma_owner_token of ${deviceName(device)} is ${hex(token)}, but no iommufd${where} has that token`,
        location: fieldPlace(view, 'devices', device, 'dmaOwnerToken'),
        found: hex(token),
      });
    }
  },
});

function fileOf(
  files: readonly VfioFile[],
  { segment, bdf }: { segment: number; bdf: number },
): VfioFile | undefined {
  return files.find(({ model }) => model.segment === segment && model.bdf === bdf);
}

export const ownDomain = rule({
  id: 'IOMMUFD-110',
  title: 'the domain of a device is a page table of the iommufd that owns its DMA',
  source: 'upstream 4.5, 4.6',
  evidence:
    'drivers/iommu/iommufd (samikhawaja/linux, not in a release) iommufd_device_preserve; drivers/iommu/liveupdate.c iommu_preserve_device',
  consequence:
    'the device reaches the memory of another iommufd, which may be that of another virtual machine, and its own iommufd cannot take it over',
  requires: ['IOMMUFD-104', 'IOMMUFD-108', 'IOMMUFD-109', 'IOMMU-020'],
  check(context, report) {
    const { handover } = context;
    const all = eachHeld<IommufdState>(context, 'iommufd', report);
    const files = vfioFiles(handover);
    for (const view of iommuViews(handover)) {
      for (const device of view.devices) {
        if (device.dmaOwnerToken === undefined) continue;
        const owner = iommufdsOf(all, fileOf(files, device)?.session).get(device.dmaOwnerToken);
        if (owner === undefined || !isWhole(owner.model.hwpts)) continue;
        if (owner.model.hwpts.items.some(({ domain }) => domain === device.domain)) continue;
        const other = all.find(({ model }) =>
          model.hwpts.items.some(({ domain }) => domain === device.domain),
        );
        // A domain that is nobody’s is IOMMUFD-108.
        if (other === undefined) continue;
        report.finding({
          subject: deviceSubject(device),
          message: `the domain of ${deviceName(device)} at ${hex(device.domain)} is a page table of ${other.name.replace(/,$/, '')}, but its DMA is owned by ${owner.name.replace(/,$/, '')}`,
          location: fieldPlace(view, 'devices', device, 'domain'),
          found: hex(device.domain),
        });
      }
    }
  },
});

export const iommufdRules = [
  record,
  form,
  count,
  nothingBehind,
  domains,
  tokens,
  reclaimed,
  padding,
  oneEach,
  owners,
  ownDomain,
];
