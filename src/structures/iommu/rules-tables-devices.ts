/** Devices that are handed over, against the context and PASID entries below their unit's root table. */

import type { HandedIommu } from '../../decode/iommu/domains.js';
import type { ScalableContextEntry } from '../../records/vtd.js';
import { IOMMU } from '../../validate/reads.js';
import { type Elements, eachRule, rulesOf } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { at, UPSTREAM } from '../../validate/upstream/shared.js';
import { pageAddress } from '../../vtd/context/structure.js';
import type { DeviceTranslation, PagingRoot } from '../../vtd/context/translation.js';
import { fieldOf, handedOf, type PlacedDevice, placedDevices } from './rules-tables-shared.js';
import { isDepth, noTable } from './rules-tables-units.js';
import { liveDomainAt, pathRoots } from './units.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: IOMMU });

const SEEN = 'upstream 4.5 (seen in captures)';
const PRESERVE = 'drivers/iommu/intel/liveupdate.c intel_iommu_preserve_device of the series';

function stepName({ steps, ends }: PlacedDevice['path']): string {
  if (ends === 'pasid-beyond-directory') return 'PASID beyond the directory';
  return steps.at(-1)?.kind.replaceAll('-', ' ').replace('pasid', 'PASID') ?? 'entry';
}

function lastAddress({ steps }: PlacedDevice['path']): bigint {
  return BigInt(steps.at(-1)?.address ?? 0);
}

export const deviceInTables = rule({
  id: 'IOMMU-050',
  title: 'every device that is handed over has a present entry below the root table of its unit',
  source: SEEN,
  evidence: 'VT-d 9.1 to 9.6; drivers/iommu/intel/iommu.c (tables of handed-over units stay in use)',
  consequence:
    'requests of the device fault from the kexec on, but the next kernel expects it to be translated',
  requires: ['IOMMU-023', 'VFIO-006'],
  check(context, report) {
    const devices = placedDevices(context, report);
    const missing = devices.filter(({ path }) => path.translation === undefined);
    for (const unit of new Set(missing.map((each) => each.unit))) {
      const own = missing.filter((each) => each.unit === unit);
      const all = devices.filter((each) => each.unit === unit);
      const [{ state }] = all as [PlacedDevice];
      const noRoot = own.filter(({ path }) => path.steps.length === 1);
      // A root table that has none of them is another's: one cause.
      if (own.length > 1 && noRoot.length === all.length) {
        report.finding({
          subject: { node: unit.name },
          message: `none of the ${counted(all.length, 'device')} of ${unit.name} has a root entry in its root table ${hex(unit.unit.intel?.rootTable ?? 0n)}`,
          location: fieldOf(state, 'units', unit.unit, 'rootTable', 'intel'),
          found: hex(unit.unit.intel?.rootTable ?? 0n),
          expected: 'the root table that the unit uses',
        });
        continue;
      }
      for (const { name, path, subject } of own)
        report.finding({
          subject,
          message: `the ${stepName(path)} of ${name} below the root table of ${unit.name}, at ${hex(lastAddress(path))}, is not present`,
          location: at(lastAddress(path)),
          found: 'not present',
          expected: 'present',
        });
    }
  },
});

/** Devices with a translation, that, and the state that they are of. */
const TRANSLATED: Elements<
  PlacedDevice & { readonly translation: DeviceTranslation; readonly handed: HandedIommu }
> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: IOMMU },
  *each(context, report) {
    const handed = handedOf(context, report);
    for (const device of placedDevices(context, report)) {
      const { translation } = device.path;
      if (handed !== undefined && translation !== undefined) yield { ...device, translation, handed };
    }
  },
  subject: ({ subject }) => subject,
};

export const domainIds = eachRule(TRANSLATED, {
  id: 'IOMMU-051',
  title: 'the domain id in the entry of a device is its attachment_id',
  source: SEEN,
  evidence: PRESERVE,
  consequence:
    'the next kernel reserves another domain id than the hardware uses: its invalidations have no effect, and it may give the id in use to another domain, which then shares cached translations',
  requires: ['IOMMU-050', 'IOMMU-025', 'IOMMU-026'],
  follows: ['IOMMUFD-110'],
  *faults({ state, device, translation, name, path }) {
    if (BigInt(translation.did) === device.attachmentId) return;
    yield {
      message: `the entry of ${name} at ${hex(lastAddress(path))} has domain id ${hex(translation.did)}, but its attachment_id is ${hex(device.attachmentId)}`,
      location: fieldOf(state, 'devices', device, 'attachmentId'),
      found: hex(device.attachmentId),
      expected: hex(translation.did),
    };
  },
});

function rootsOf(translation: DeviceTranslation): PagingRoot[] {
  return [
    ...('first' in translation ? [translation.first] : []),
    ...('second' in translation ? [translation.second] : []),
  ];
}

export const topTables = eachRule(TRANSLATED, {
  id: 'IOMMU-052',
  title: 'the entry of a device leads to the top table of its domain',
  source: `${SEEN}; vtd XR-2`,
  evidence: `${PRESERVE}; drivers/iommu/generic_pt/iommu_pt.h (restore of a domain)`,
  consequence:
    'the next kernel takes over another table than the hardware uses: DMA continues through tables that no driver manages',
  requires: ['IOMMU-050', 'IOMMU-030'],
  follows: ['IOMMUFD-110'],
  *faults({ handed, state, device, translation, name, path }) {
    const domain = liveDomainAt(handed.state, device.domain);
    // What can be no table at all is IOMMU-059.
    if (domain === undefined || noTable(domain.topTable) !== undefined) return;
    const roots = pathRoots(path).map(BigInt);
    if (roots.includes(domain.topTable)) return;
    const other = handed.domains.find(({ root }) => root !== undefined && roots.includes(root));
    const leads =
      roots.length === 0
        ? `has translation type ${translation.kind}`
        : `leads to the table ${roots.map(hex).join(' and ')}`;
    const whose = other === undefined ? '' : `, the top table of ${other.name}`;
    yield {
      message: `the entry of ${name} at ${hex(lastAddress(path))} ${leads}${whose}; top_table of its domain ${hex(domain.address)} is ${hex(domain.topTable)}`,
      location:
        other === undefined
          ? fieldOf(state, 'domains', domain, 'topTable')
          : fieldOf(state, 'devices', device, 'domain'),
      found: hex(domain.topTable),
      expected: roots.map(hex).join(' or ') || 'a table',
    };
  },
});

export const levels = eachRule(TRANSLATED, {
  id: 'IOMMU-053',
  title: 'the address width in the entry of a device matches top_level of its domain',
  source: `${SEEN}; vtd XR-2`,
  evidence: 'VT-d 9.3, 9.6 (AW, FSPM); drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_iommu_fmt_hw_info',
  consequence:
    'the next kernel walks and frees the tables with the wrong depth: it takes page tables for pages, or pages for page tables',
  requires: ['IOMMU-052'],
  *faults({ handed, state, device, translation, name, path }) {
    const domain = liveDomainAt(handed.state, device.domain);
    const root = rootsOf(translation).find(({ address }) => BigInt(address) === domain?.topTable);
    if (domain === undefined || root === undefined) return;
    const isFirst = 'first' in translation && translation.first === root;
    const fine = BigInt(root.levels) === domain.topLevel + 1n;
    if (fine || !isDepth(domain.topLevel, isFirst ? 'first' : 'second')) return;
    yield {
      message: `the entry of ${name} at ${hex(lastAddress(path))} has ${root.levels} levels, but top_level of its domain ${hex(domain.address)} is ${domain.topLevel}, for ${domain.topLevel + 1n} levels`,
      location: fieldOf(state, 'domains', domain, 'topLevel'),
      found: `${domain.topLevel}`,
      expected: `${root.levels - 1}`,
    };
  },
});

export const stages = rule({
  id: 'IOMMU-060',
  title:
    'sign_extend of a domain is 1 where the entry of its device has a first stage, and 0 where it has a second',
  source: SEEN,
  evidence:
    'drivers/iommu/intel/iommu.c intel_iommu_domain_alloc_first_stage (PT_FEAT_SIGN_EXTEND), _second_stage; VT-d 9.6 (PGTT)',
  consequence:
    'nothing else in the record tells the stage: the next kernel takes the tables for those of the other one, in which permissions and page sizes are other bits, and refuses or accepts other IOVAs',
  requires: ['IOMMU-052', 'IOMMU-011', 'IOMMU-032'],
  check(context, report) {
    const handed = handedOf(context, report);
    const told = new Set<bigint>();
    if (handed?.domains.every(({ domain }) => domain.signExtend === undefined) === true)
      report.skip('iommu-v1 has no sign_extend');
    for (const { state, device, translation, name, path, subject } of TRANSLATED.each(context, report)) {
      const domain = handed === undefined ? undefined : liveDomainAt(handed.state, device.domain);
      if (domain?.signExtend === undefined || told.has(domain.address)) continue;
      const isFirst = 'first' in translation && BigInt(translation.first.address) === domain.topTable;
      const isSecond = 'second' in translation && BigInt(translation.second.address) === domain.topTable;
      if (isFirst === isSecond || domain.signExtend === (isFirst ? 1 : 0)) continue;
      told.add(domain.address);
      report.finding({
        subject,
        message: `the entry of ${name} at ${hex(lastAddress(path))} has the top table of its domain ${hex(domain.address)} as ${isFirst ? 'first' : 'second'} stage, but sign_extend of the domain is ${domain.signExtend}`,
        location: fieldOf(state, 'domains', domain, 'signExtend'),
        found: `${domain.signExtend}`,
        expected: isFirst ? '1' : '0',
      });
    }
  },
});

/** PASIDs of a directory of PDTS code 0. */
const LEAST_PASIDS = 13;

/** PDTS for a number of PASIDs (drivers/iommu/intel/pasid.c, context_get_sm_pds); undefined for a number that none has. */
function pdtsOf(maxPasid: bigint): number | undefined {
  const bits = maxPasid.toString(2).length - 1;
  if (maxPasid !== 1n << BigInt(bits) || bits > 20) return undefined;
  return Math.max(0, bits - LEAST_PASIDS);
}

export const pasidFields = rule({
  id: 'IOMMU-055',
  title: 'the PASID fields of a device match its context entry, and are 0 in legacy mode',
  source: SEEN,
  evidence: 'drivers/iommu/intel/pasid.c intel_pasid_alloc_table; VT-d 9.4 (PDTS, PASIDDIRPTR)',
  consequence:
    'the next kernel takes other memory for the PASID directory of the device, and writes entries to it',
  requires: ['IOMMU-050', 'IOMMU-027'],
  check(context, report) {
    for (const { state, device, unit, name, path, subject } of placedDevices(context, report)) {
      const { intel } = device;
      if (intel === undefined) continue;
      const tell = (field: string, found: bigint, expected: string, why: string): void =>
        report.finding({
          subject,
          message: `${field} of ${name} is ${hex(found)}, ${why}`,
          location: fieldOf(
            state,
            'devices',
            device,
            field === 'pasid_table' ? 'pasidTable' : 'maxPasid',
            'intel',
          ),
          found: hex(found),
          expected,
        });
      if (unit.mode === 'legacy') {
        const why = `but ${unit.name} is in legacy mode, which has no PASIDs`;
        if (intel.pasidTable !== 0n) tell('pasid_table', intel.pasidTable, '0', why);
        if (intel.maxPasid !== 0n) tell('max_pasid', intel.maxPasid, '0', why);
        continue;
      }
      const step = path.steps.find(({ kind }) => kind === 'context-entry');
      const value = step?.structure?.value;
      if (value === undefined || step === undefined) continue;
      const { pasiddirptr, pdts } = value as ScalableContextEntry;
      const where = `its context entry at ${hex(step.address)}`;
      const directory = BigInt(pageAddress(pasiddirptr));
      if (directory !== intel.pasidTable)
        tell(
          'pasid_table',
          intel.pasidTable,
          hex(directory),
          `but ${where} leads to the directory ${hex(directory)}`,
        );
      if (pdtsOf(intel.maxPasid) !== pdts)
        tell(
          'max_pasid',
          intel.maxPasid,
          pdts === 0 ? `at most ${hex(1 << LEAST_PASIDS)}` : hex(1 << (pdts + LEAST_PASIDS)),
          `but ${where} has a directory for ${hex(1 << (pdts + LEAST_PASIDS))} PASIDs (PDTS ${pdts})`,
        );
    }
  },
});
