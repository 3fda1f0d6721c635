/** `kho walk` without options on a handover of the 2024 series: the domains that there are. */
import type { Domain, Handover } from '../abi/model.js';
import { physicalAddress } from '../memory/read.js';
import { columns } from '../report/columns.js';
import { escapeJson } from '../schema/escape.js';
import { hex, thousands } from '../schema/units.js';
import { functionText } from '../vtd/device-id.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import { sizeText } from '../vtd/text/table.js';
import { walkTable } from '../vtd/walk/walk.js';
import { type CommonArguments, joined, write } from './common.js';
import { UsageError } from './numbers.js';
import type { WalkFormat } from './walk-text.js';

interface Listed {
  readonly domain: Domain;
  readonly devices: readonly string[];
  readonly levels: number | undefined;
  /** Leaves, and what they map in pages of 4 KiB; undefined where the tables cannot be walked whole. */
  readonly mapped: { readonly leaves: number; readonly pages: number } | undefined;
}

/** Lists domains with their devices and what they map: one walk each. */
export async function listRfcDomains(
  args: CommonArguments,
  handover: Handover,
  format: WalkFormat,
): Promise<void> {
  if (format === 'csv') throw new UsageError('--format csv lists leaves: of one domain with --domain ID');
  const domains = (handover.domains ?? []).map((domain) => listed(domain, handover));
  if (format === 'json') {
    const json = JSON.stringify({ schemaVersion: 1, domains: domains.map(domainJson) });
    await write(args, `${escapeJson(json)}\n`);
  } else await write(args, joined(lines(domains)));
}

function listed(domain: Domain, { memory }: Handover): Listed {
  const { pgd, agaw, devices = [] } = domain;
  const names = devices.flatMap(({ bus, devfn }) =>
    bus === undefined || devfn === undefined ? [] : [functionText(bus, devfn)],
  );
  const levels = agaw === undefined ? undefined : agaw + 2;
  const known = { domain, devices: names, levels };
  if (memory === undefined || pgd === undefined || levels === undefined || physicalAddress(pgd) === undefined)
    return { ...known, mapped: undefined };
  const walk = walkTable({ memory, root: pgd, levels, format: secondStageFormat() });
  let pages = 0;
  for (const batch of walk.batches) pages += batch.totalPages;
  const { leaves, anomalies } = walk.report();
  const absent = anomalies.some(({ kind }) => kind === 'table-absent');
  return { ...known, mapped: absent ? undefined : { leaves, pages } };
}

function lines(domains: readonly Listed[]): string[] {
  return columns([
    ['DOMAIN', 'TOP TABLE', 'LEVELS', 'LEAVES', 'SIZE', 'DEVICES'],
    ...domains.map(({ domain, devices, levels, mapped }) => [
      `${domain.persistentId ?? domain.nodeName ?? '?'}`,
      domain.pgd === undefined ? '-' : hex(domain.pgd),
      `${levels ?? '-'}`,
      mapped === undefined ? '?' : thousands(mapped.leaves),
      mapped === undefined ? '?' : sizeText(mapped.pages),
      devices.join(', ') || '-',
    ]),
  ]);
}

function domainJson({ domain, devices, levels, mapped }: Listed): object {
  const { persistentId, pgd } = domain;
  return {
    ...(persistentId === undefined ? {} : { domain: hex(persistentId) }),
    devices,
    ...(pgd === undefined ? {} : { topTable: hex(pgd) }),
    ...(levels === undefined ? {} : { levels }),
    ...(mapped === undefined ? {} : { leaves: mapped.leaves, bytes: hex(BigInt(mapped.pages) * 4096n) }),
  };
}
