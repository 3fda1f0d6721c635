/** The findings that concern an address: in the same record, of the same file or property, or on the way to it. */

import { bytesToText } from '../schema/text.js';
import type { Finding } from '../validate/rule.js';
import type { Hit } from './hit.js';
import type { Held } from './holds.js';
import type { Mapping } from './mapped.js';

/** What is known of an address by now. */
interface Known {
  readonly address: bigint;
  readonly hits: readonly Hit[];
  readonly held: readonly Held[];
  readonly mappedBy: readonly Mapping[];
  readonly pageSize: number;
}

/** Those of one place; more would be the whole dump's. */
const MOST = 100;

export function findingsAt(findings: readonly Finding[], known: Known): Finding[] {
  const { hits, address, pageSize } = known;
  const page = BigInt(pageSize);
  const start = address - (address % page);
  const records = hits.filter(({ kind }) => kind === 'record' || kind === 'table');
  // Of a page that holds many records those of the others are left out.
  const extents = records.length > 0 ? records.map(extentOf) : [{ start, end: start + page }];
  const starts = new Set(hits.map((hit) => BigInt(hit.start)));
  const found: Finding[] = [];
  for (const finding of findings) {
    if (found.length >= MOST) break;
    const { address: at, iova } = finding.location;
    const here =
      at !== undefined && (starts.has(at) || extents.some((extent) => at >= extent.start && at < extent.end));
    if (here || isOfEntry(finding, known) || isOfProperty(finding, hits) || isOnTheWay(finding, known))
      found.push(finding);
    else if (at === undefined && iova === undefined && isOfFile(finding, known)) found.push(finding);
  }
  return found;
}

/** What is wrong with the entry of a list that names this is wrong with this: a folio of a file. */
function isOfEntry({ location: { address } }: Finding, { held }: Known): boolean {
  if (address === undefined) return false;
  return held.some(({ by }) => {
    const first = BigInt(by?.address ?? 0);
    return by?.size !== undefined && address >= first && address < first + BigInt(by.size);
  });
}

function extentOf({ start, size }: Hit): { start: bigint; end: bigint } {
  return { start: BigInt(start), end: BigInt(start) + BigInt(size) };
}

function isOfProperty({ location: { fdtPath, property } }: Finding, hits: readonly Hit[]): boolean {
  if (fdtPath === undefined || property === undefined) return false;
  return hits.some(
    (hit) => hit.kind === 'record' && hit.property?.path === fdtPath && hit.property.name === property,
  );
}

function isOnTheWay({ location: { iova, iovaEnd } }: Finding, { mappedBy }: Known): boolean {
  if (iova === undefined) return false;
  return mappedBy.some((mapping) => mapping.iova >= iova && mapping.iova < (iovaEnd ?? iova + 1n));
}

function isOfFile({ subject }: Finding, { held }: Known): boolean {
  const { session, token } = subject ?? {};
  if (session === undefined || token === undefined) return false;
  return held.some(
    ({ holder }) =>
      holder.kind === 'file' &&
      holder.file.token === token &&
      bytesToText(holder.session.name).text === session,
  );
}
