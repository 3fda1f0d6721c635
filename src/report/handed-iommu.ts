/** The domains and devices of a handed-over IOMMU state, for people and as data. */
import {
  attachmentIdsOf as attachmentIds,
  type HandedDomain,
  type HandedIommu,
} from '../decode/iommu/domains.js';
import { countMappings, type Mappings } from '../decode/iommu/walks.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex, thousands } from '../schema/units.js';
import { pciText } from '../structures/values.js';
import { sizeText } from '../vtd/text/table.js';
import { columns } from './columns.js';
import { nameKeys } from './text-json.js';

export { attachmentIdsOf as attachmentIds } from '../decode/iommu/domains.js';

function ownersText({ owners }: HandedDomain): string {
  const names = owners.map(
    ({ session, file }) => `${JSON.stringify(bytesToText(session.name).text)} token ${hex(file.token)}`,
  );
  return names.length === 0 ? '-' : escapeText(names.join(', '));
}

function mappingsText(mappings: Mappings | undefined): [string, string] {
  if (mappings === undefined) return ['?', '?'];
  const least = mappings.complete ? '' : '>= ';
  return [`${least}${thousands(mappings.leaves)}`, `${least}${sizeText(mappings.pages)}`];
}

/** The units, domains and devices in use: one table each, with headings. */
export function handedLines(handed: HandedIommu, memory: PhysicalMemory | undefined): string[] {
  const { units, domains } = handed;
  const lines = columns([
    ['UNIT', 'ROOT TABLE', 'MODE', 'BY'],
    ...units.map(({ unit, mode, why }) => [hex(unit.token), hex(unit.intel?.rootTable ?? 0n), mode, why]),
  ]);
  lines.push(
    '',
    ...columns([
      [
        'DOMAIN',
        'ATTACHED AS',
        'TOP TABLE',
        'LEVELS',
        'WIDTH',
        'STAGE',
        'LEAVES',
        'SIZE',
        'DEVICES',
        'IOMMUFD',
      ],
      ...domains.map((each) => {
        const { domain, levels, stage, attachments } = each;
        const mappings = memory === undefined ? undefined : countMappings(each, memory);
        return [
          hex(domain.address),
          attachmentIds(each).map(hex).join(', ') || '-',
          hex(domain.topTable),
          levels === undefined ? `top_level ${domain.topLevel}` : `${levels}`,
          domain.vasz === undefined ? '-' : `${domain.vasz}`,
          stage?.stage ?? '? (--stage)',
          ...mappingsText(mappings),
          attachments.map(({ device }) => pciText(device.segment, device.bdf)).join(', ') || '-',
          ownersText(each),
        ];
      }),
    ]),
  );
  const attached = new Set(domains.flatMap(({ attachments }) => attachments.map(({ device }) => device)));
  for (const device of handed.state.devices.items) {
    if (device.deleted || attached.has(device)) continue;
    lines.push(
      `${pciText(device.segment, device.bdf)} is attached to ${hex(device.domain)}, which is not a domain in use`,
    );
  }
  return lines;
}

/** What is said of a domain beside its runs. */
export function domainJson(each: HandedDomain): object {
  const { domain, levels, stage, attachments, owners } = each;
  return {
    domain: hex(domain.address),
    attachmentIds: attachmentIds(each).map(hex),
    devices: attachments.map(({ device, unit }) => ({
      device: pciText(device.segment, device.bdf),
      attachmentId: hex(device.attachmentId),
      unit: hex(unit?.unit.token ?? device.unit),
    })),
    topTable: hex(domain.topTable),
    ...(levels === undefined ? {} : { levels }),
    ...(domain.vasz === undefined ? {} : { vasz: domain.vasz }),
    ...(stage === undefined ? {} : { stage: stage.stage }),
    iommufds: owners.map(({ session, file }) => ({
      ...nameKeys('session', session.name),
      token: hex(file.token),
    })),
  };
}

/** The domains in use with what they map, as data. */
export function handedJson({ units, domains }: HandedIommu, memory: PhysicalMemory | undefined): object {
  return {
    units: units.map(({ unit, rtaddr, mode }) => ({
      unit: hex(unit.token),
      rootTable: hex(rtaddr & ~0xfffn),
      mode,
    })),
    domains: domains.map((each) => {
      const mappings = memory === undefined ? undefined : countMappings(each, memory);
      return {
        ...domainJson(each),
        ...(mappings?.complete === true
          ? { leaves: mappings.leaves, bytes: hex(BigInt(mappings.pages) * 4096n) }
          : {}),
      };
    }),
  };
}
