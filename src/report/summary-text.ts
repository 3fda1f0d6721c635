/** `kho info`: one dump in a few lines. */

import type { Handover } from '../abi/model.js';
import { bytesOf } from '../abi/preserved.js';
import type { FoundTree } from '../decode/find.js';
import { FdtToken } from '../records/fdt.js';
import { counted, hex, size } from '../schema/units.js';
import { type Paint, plain } from './paint.js';
import { upstreamSummary } from './upstream-summary.js';

const KINDS: Readonly<Record<Handover['kind'], string>> = {
  handover: 'handover, the root tree',
  rider: 'rider, the blob of one subsystem',
  'boot-fdt': 'device tree that a kernel was booted with',
  unknown: 'devicetree blob, not a handover',
};

/** One line for each part that the dump has. */
export function summaryLines(
  handover: Handover,
  found: FoundTree | undefined,
  paint: Paint = plain,
): string[] {
  return summaryRows(handover, found).map(([name, text]) => `  ${paint('name', name.padEnd(12))} ${text}`);
}

/** Names and texts of those lines, uncoloured. */
export function summaryRows(handover: Handover, found: FoundTree | undefined): [string, string][] {
  const rows: [string, string][] = [];
  const add = (name: string, text: string | undefined): void => {
    if (text !== undefined) rows.push([name, text]);
  };
  add('kind', KINDS[handover.kind]);
  add('generation', handover.kind === 'handover' ? (handover.generation ?? 'undecided') : undefined);
  add('tree', treeText(handover));
  if (found !== undefined) add('found at', `${found.addresses.map(hex).join(' and ')}, by ${found.how}`);
  add('page size', size(handover.pageSize));
  add('iommufds', iommufdText(handover));
  add('domains', domainText(handover));
  add('guestmemfs', guestmemfsText(handover));
  add(
    'ftrace',
    handover.ftrace === undefined
      ? undefined
      : counted(handover.ftrace.globalTrace?.cpus.length ?? 0, 'CPU buffer'),
  );
  for (const [name, text] of upstreamSummary(handover)) add(name, text);
  add('preserved', preservedText(handover));
  add(
    'scratch',
    handover.scratch?.map(({ start, end }) => `${hex(start)}-${hex(end)} ${size(end - start)}`).join(', '),
  );
  add(
    'mem cache',
    handover.memCache === undefined ? undefined : counted(handover.memCache.length, 'entry', 'entries'),
  );
  add(
    'diagnostics',
    handover.diagnostics.length === 0 ? 'none' : `${handover.diagnostics.length} (kho dump prints them)`,
  );
  return rows;
}

function treeText({ tree }: Handover): string | undefined {
  if (tree === undefined) return undefined;
  let nodes = 0;
  let properties = 0;
  for (let token = 0; token < tree.count; token++) {
    if (tree.kind[token] === FdtToken.beginNode) nodes++;
    else if (tree.kind[token] === FdtToken.prop) properties++;
  }
  const version =
    tree.header === undefined ? 'no header' : `version ${tree.header.version}/${tree.header.lastCompVersion}`;
  const whole = tree.complete ? '' : ', not complete';
  return `${counted(nodes, 'node')}, ${counted(properties, 'property', 'properties')}, ${counted(tree.bytes.length, 'byte')}, ${version}${whole}`;
}

function iommufdText({ iommufds }: Handover): string | undefined {
  if (iommufds === undefined) return undefined;
  const ioases = iommufds.flatMap((iommufd) => iommufd.ioases ?? []);
  const areas = ioases.reduce((sum, ioas) => sum + ioas.areas.length, 0);
  return `${iommufds.length}, with ${counted(ioases.length, 'IOAS', 'IOASes')} and ${counted(areas, 'area')}`;
}

function domainText({ domains }: Handover): string | undefined {
  if (domains === undefined) return undefined;
  const devices = domains.reduce((sum, domain) => sum + (domain.devices?.length ?? 0), 0);
  const records = domains.reduce((sum, domain) => sum + (domain.mem?.length ?? 0), 0);
  return `${domains.length}, with ${counted(devices, 'device')} and ${counted(records, 'mem record')}`;
}

function guestmemfsText({ guestmemfs }: Handover): string | undefined {
  if (guestmemfs === undefined) return undefined;
  const { fsMem, files, numInodes } = guestmemfs;
  const region = fsMem === undefined ? 'no fs_mem' : `${size(fsMem.len)} at ${hex(fsMem.addr & ~1n)}`;
  if (files !== undefined) return `${region}, ${counted(files.length, 'file')}`;
  return `${region}${numInodes === undefined ? '' : `, num_inodes ${numInodes}`} (files: --memory)`;
}

function preservedText({ preserved }: Handover): string | undefined {
  if (preserved === undefined) return undefined;
  const { pages, ranges } = preserved;
  const parts =
    pages === undefined ? counted([...ranges].length, 'range') : counted(pages.countBlocks(), 'block');
  return `${size(bytesOf(preserved))} in ${parts}`;
}
