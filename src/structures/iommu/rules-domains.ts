/** Domains of the IOMMU state: their tables by what the record says, without walking them (upstream 4.5). */

import { grouped } from '../../schema/grouped.js';
import { folioRule } from '../../validate/preserved.js';
import { eachRule, repeated, rulesOf } from '../../validate/shapes.js';
import { hex } from '../../validate/text.js';
import type { IommuDomain } from './model.js';
import { isScalable } from './rules-devices.js';
import {
  CORE,
  DOMAINS,
  domainName,
  domainSubject,
  eachView,
  fieldPlace,
  type IommuView,
  isIntel,
  VIEWS,
} from './rules-view.js';

const rule = rulesOf(VIEWS.shared);

const PT = 'drivers/iommu/generic_pt/iommu_pt.h (samikhawaja/linux, not in a release)';
const LISTS_SOUND = ['IOMMU-004', 'IOMMU-005'];

export const topTable = folioRule(VIEWS, {
  id: 'IOMMU-029',
  title: 'the top table of every domain in use starts a page, and is preserved',
  source: 'upstream 4.5',
  evidence: `${PT} restore; ${CORE} iommu_restore_domain`,
  consequence:
    'BUG_ON: the table is not restored, and the next kernel stops during boot; memory that was not preserved has been reused, and the next kernel takes its new contents for page tables',
  requires: LISTS_SOUND,
  says: (why, address) => (address === 0n ? why : `at ${hex(address)} ${why}`),
  *folios(view) {
    for (const domain of view.domains)
      yield {
        what: `the top table of ${domainName(view, domain)}`,
        address: domain.topTable,
        location: fieldPlace(view, 'domains', domain, 'topTable'),
        subject: domainSubject(view, domain),
      };
  },
});

export const topTableOwned = eachRule(VIEWS, {
  id: 'IOMMU-030',
  title: 'no two domains in use have one top table, nor one that is a table of a unit or device',
  source: 'upstream 4.5',
  evidence: `${PT} restore; kernel/liveupdate/kexec_handover.c kho_restore_page`,
  consequence:
    'a page is restored once: BUG_ON for the second domain, and the next kernel stops during boot. Until then devices of both reach what only one of them may',
  requires: ['IOMMU-029'],
  *faults(view) {
    for (const [first, domain] of repeated(view.domains, (each) => each.topTable)) {
      yield {
        subject: domainSubject(view, domain),
        message: `the top table at ${hex(domain.topTable)} is that of ${domainName(view, first)} and of ${domainName(view, domain)}`,
        location: fieldPlace(view, 'domains', domain, 'topTable'),
        found: hex(domain.topTable),
      };
    }
    const others = otherTables(view);
    for (const domain of view.domains) {
      const other = others.get(domain.topTable);
      if (other === undefined) continue;
      yield {
        subject: domainSubject(view, domain),
        message: `the top table of ${domainName(view, domain)} at ${hex(domain.topTable)} is ${other}`,
        location: fieldPlace(view, 'domains', domain, 'topTable'),
        found: hex(domain.topTable),
      };
    }
  },
});

/** Pages of this state that no page table can be. */
function otherTables({ model, units, devices }: IommuView): Map<bigint, string> {
  const pages = new Map<bigint, string>([[model.address, 'the record of the IOMMU state']]);
  for (const key of ['units', 'domains', 'devices'] as const)
    for (const { address } of model[key].pages ?? []) pages.set(address, `a page of the list of ${key}`);
  for (const { intel } of units) if (intel !== undefined) pages.set(intel.rootTable, 'a root table');
  for (const { intel } of devices)
    if (intel !== undefined && intel.pasidTable !== 0n) pages.set(intel.pasidTable, 'a PASID directory');
  return pages;
}

const ENTRY_BITS = 9;
const PAGE_BITS = 12;
/** Levels that VT-d has: 3, 4 and 5 tables deep. */
const LEAST_LEVEL = 2n;
const MOST_LEVEL = 4n;

/** Hardware of fewer bits has no table that the driver could use. */
const LEAST_WIDTH = 31;

function levelFault({ topLevel, vasz }: IommuDomain): string | undefined {
  if (topLevel < LEAST_LEVEL || topLevel > MOST_LEVEL) return `top_level is ${topLevel}`;
  if (vasz === undefined) return undefined;
  const widest = PAGE_BITS + ENTRY_BITS * (Number(topLevel) + 1);
  // A unit of few bits (MGAW) may have no table but a deep one (SAGAW).
  return vasz > widest || vasz < LEAST_WIDTH ? `top_level is ${topLevel} and vasz ${vasz}` : undefined;
}

export const levels = rule({
  id: 'IOMMU-031',
  title: 'the level of a top table is one that VT-d has, and that its vasz needs',
  source: 'upstream 4.5',
  evidence: `${PT} restore; drivers/iommu/intel/iommu.c compute_vasz_lg2_ss, compute_vasz_lg2_fs`,
  consequence:
    'refused, or restored with another depth than the hardware walks: pages of data are taken for tables and restored as such, or tables for data and left to be reused',
  requires: LISTS_SOUND,
  check(context, report) {
    const views = eachView(context, report);
    if (views.length > 0 && !views.some(isIntel)) report.skip('no unit in use is one of Intel');
    for (const view of views.filter(isIntel)) {
      for (const domain of view.domains) {
        const fault = levelFault(domain);
        if (fault === undefined) continue;
        report.finding({
          subject: domainSubject(view, domain),
          message: `${fault} of ${domainName(view, domain)}`.replace(/,$/, ''),
          location: fieldPlace(view, 'domains', domain, fault.includes('vasz') ? 'vasz' : 'topLevel'),
          found: fault.replace(/[a-z_]+ (?:is )?/g, '').trim(),
          expected: 'level 2 for 31 to 39 bits, 3 for up to 48, 4 for up to 57',
        });
      }
    }
  },
});

export const firstStage = eachRule(DOMAINS, {
  id: 'IOMMU-032',
  title: 'sign_extend is not set for a domain in legacy mode',
  source: 'upstream 4.5',
  evidence: `${PT} restore; VT-d 3.4.2, 9.3 (legacy mode has second-stage tables only)`,
  consequence:
    'the tables are restored as first-stage tables, which have other bits: write permission and addresses are misread',
  requires: ['IOMMU-020', 'IOMMU-027'],
  *faults([view, domain]) {
    const devices = view.byDomain.get(domain.address) ?? [];
    const legacy = devices.find((device) => device.intel !== undefined && !isScalable(device));
    if (legacy === undefined || domain.signExtend !== 1) return;
    yield {
      message: `sign_extend of ${domainName(view, domain)} is 1, as of first-stage tables; its devices have no PASID table`,
      location: fieldPlace(view, 'domains', domain, 'signExtend'),
      found: '1',
      expected: '0',
    };
  },
});

/** The units that the devices of a domain are below; of a domain without devices the only one that there is. */
function unitsOf({ byDomain, units }: IommuView, { address }: IommuDomain): string | undefined {
  const devices = byDomain.get(address) ?? [];
  if (devices.length > 0) return [...new Set(devices.map(({ unit }) => unit))].sort().join(' ');
  return units.length === 1 ? `${units[0]?.address}` : undefined;
}

/** The key that most items have; the one that comes first of several. */
function mostOf<T>(groups: ReadonlyMap<string, readonly T[]>): string | undefined {
  let most: string | undefined;
  for (const [key, items] of groups)
    if (most === undefined || items.length > (groups.get(most)?.length ?? 0)) most = key;
  return most;
}

export const widths = rule({
  id: 'IOMMU-033',
  title: 'domains of one unit and stage have one width',
  severity: 'warning',
  source: 'upstream 4.5 (seen in captures)',
  evidence: `${PT} restore; drivers/iommu/intel/iommu.c compute_vasz_lg2_ss, compute_vasz_lg2_fs`,
  consequence:
    'the width comes from MGAW and SAGAW of the unit, so that it is the same for all domains that are made for it: below it the next kernel neither maps nor unmaps IOVAs that are in use, above it it maps what faults. Only a domain that was made for another unit has another',
  requires: ['IOMMU-020', 'IOMMU-021', 'IOMMU-031'],
  check(context, report) {
    const views = eachView(context, report);
    if (views.length > 0 && views.every(({ domains }) => domains.every(({ vasz }) => vasz === undefined)))
      report.skip('iommu-v1 has no vasz');
    for (const view of views.filter(isIntel)) {
      const alike = grouped(
        view.domains.filter((domain) => unitsOf(view, domain) !== undefined),
        (domain) => `${unitsOf(view, domain)} ${domain.signExtend}`,
      );
      for (const domains of alike.values()) {
        const byWidth = grouped(domains, ({ topLevel, vasz }) => `${topLevel} ${vasz}`);
        const most = mostOf(byWidth);
        const [usual] = byWidth.get(most ?? '') ?? [];
        if (usual === undefined) continue;
        for (const domain of domains) {
          const { vasz, topLevel } = domain;
          if (`${topLevel} ${vasz}` === most) continue;
          const id = vasz === usual.vasz ? 'topLevel' : 'vasz';
          report.finding({
            subject: domainSubject(view, domain),
            message: `top_level of ${domainName(view, domain)} is ${topLevel} and vasz ${vasz}; of ${byWidth.get(most ?? '')?.length} others on its unit they are ${usual.topLevel} and ${usual.vasz}`,
            location: fieldPlace(view, 'domains', domain, id),
            found: `${id === 'vasz' ? vasz : topLevel}`,
            expected: `${id === 'vasz' ? usual.vasz : usual.topLevel}`,
          });
        }
      }
    }
  },
});
