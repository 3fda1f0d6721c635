/** Logical places as people read them. */
import type { Place } from '../references/place.js';
import { escapeText } from '../schema/escape.js';
import { quotedText } from '../schema/text.js';
import { hex, pciAddress, size } from '../schema/units.js';
import { type Paint, plain } from './paint.js';

/** The thing under whose heading a place is shown: a session, a domain, a subsystem. */
export function groupText(place: Place): string {
  const { part, session, iommufd, domain, subtree, structure, nodeName } = place;
  if (part === 'luo') return session === undefined ? 'LUO' : `LUO session ${quotedText(session)}`;
  if (part === 'iommufd' || part === 'domain') {
    const id = iommufd ?? domain;
    if (id !== undefined) return `${part} ${id}`;
    return nodeName === undefined ? `${part}s` : `${part} at node ${quotedText(nodeName)}`;
  }
  if (part === 'subtree') return subtree === undefined ? 'subtrees' : `subtree ${quotedText(subtree)}`;
  if (part === 'structure') return structure ?? part;
  if (part === 'kho-test') return 'kho_test';
  if (part === 'preserved') return 'preserved memory';
  return part === 'mem-cache' ? 'mem cache' : part;
}

/** The heading for a thing that has one of its own, where it was added or removed as a whole. */
export function parentText(place: Place): string {
  const { part, subtree } = place;
  if (part === 'luo') return 'LUO';
  if (part === 'iommufd' || part === 'domain') return `${part}s`;
  return part === 'subtree' && subtree !== undefined ? 'subtrees' : groupText(place);
}

/** What is below the heading; empty for the thing itself. */
export function itemText(place: Place, paint: Paint = plain): string {
  const parts: string[] = [];
  const add = (name: string, value: bigint | number | string | Uint8Array | undefined): void => {
    if (value === undefined) return;
    const isName = typeof value === 'string' || value instanceof Uint8Array;
    parts.push(`${name} ${isName ? paint('text', quotedText(value)) : paint('value', `${value}`)}`);
  };
  const { part, token, address, addressEnd, iova, iovaEnd, offset, offsetEnd, bus, devfn, ioas } = place;
  if (token !== undefined) parts.push(`token ${paint('value', hex(token))}`);
  add('FLB', place.flb);
  if (place.element !== undefined) parts.push(paint('value', escapeText(place.element)));
  add('region', place.region);
  if (part !== 'tree' && part !== 'subtree' && part !== 'domain' && part !== 'iommufd')
    add('node', place.nodeName);
  if (ioas !== undefined) parts.push(`IOAS ${paint('value', `${ioas}`)}`);
  if (place.area !== undefined) parts.push(`area at IOVA ${paint('address', hex(place.area))}`);
  if (bus !== undefined && devfn !== undefined)
    parts.push(`device ${paint('value', pciAddress(bus, devfn))}`);
  add('file', place.file);
  if (place.cpu !== undefined) parts.push(`CPU ${place.cpu}`);
  if (place.order !== undefined) parts.push(`order ${paint('value', `${place.order}`)}`);
  if (place.index !== undefined) parts.push(`no. ${place.index}`);
  if (iova !== undefined && iovaEnd !== undefined) parts.push(`IOVA ${range(iova, iovaEnd, paint)}`);
  if (offset !== undefined && offsetEnd !== undefined)
    parts.push(`offset ${range(offset, offsetEnd, paint)}`);
  if (address !== undefined && addressEnd !== undefined) parts.push(range(address, addressEnd, paint));
  if (place.fdtPath !== undefined) {
    parts.push(paint('value', escapeText(treePath(place.fdtPath, place.property))));
  }
  if (place.copy !== undefined) parts.push(paint('faint', `(the ${ordinal(place.copy)} of this identity)`));
  return parts.join(' ');
}

/** A place on one line. */
export function wholePlaceText(place: Place, paint: Paint = plain): string {
  const item = itemText(place, paint);
  return item === '' ? groupText(place) : `${groupText(place)} ${item}`;
}

function range(start: bigint, end: bigint, paint: Paint): string {
  return `${paint('address', `${hex(start)}-${hex(end)}`)} (${size(end - start)})`;
}

/** A node of the tree, or a property of it. */
export function treePath(fdtPath: string, property: string | undefined): string {
  return property === undefined ? fdtPath : `${fdtPath === '/' ? '' : fdtPath}/${property}`;
}

function ordinal(n: number): string {
  const tens = n % 100;
  const suffix = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${suffix}`;
}
