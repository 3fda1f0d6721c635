/** The physical memory of a handover as a picture: what is kept, and what is where. */
import type { AddressRange, Handover } from '../../abi/model.js';
import { fsMemRange } from '../../decode/guestmemfs.js';
import { type PageRange, type PageSet, pageSet } from '../../memory/page-set.js';
import { hex, size } from '../../schema/units.js';
import { folioListsOf, SUBJECTS } from '../../structures/index.js';
import type { Subject } from '../../structures/structure.js';
import { mapAxis, touchedColumns } from './map-axis.js';
import { html } from './markup.js';

const WIDTH = 960;
const LABEL = 150;
const LANE = 26;
const BAR = 16;

interface Lane {
  readonly name: string;
  readonly pages: PageSet;
}

/** An SVG with one lane for each kind of memory that the handover speaks of; nothing where it speaks of none. */
export function* memoryMap(handover: Handover): Generator<string> {
  const lanes = lanesOf(handover);
  const used = lanes.reduce((all, { pages }) => all.union(pages), pageSet([], handover.pageSize));
  const axis = mapAxis(used, WIDTH);
  const [first] = axis;
  if (first === undefined) return;
  const height = (lanes.length + 1) * LANE;
  yield `<svg viewBox="0 0 ${LABEL + WIDTH} ${height}" role="img" aria-label="physical memory">\n`;
  for (const [i, { name, pages }] of lanes.entries()) yield* laneSvg(name, pages, i, axis, handover.pageSize);
  for (const { start, end, x, width } of axis) {
    const title = `${hex(BigInt(start) * BigInt(handover.pageSize))}-${hex(BigInt(end) * BigInt(handover.pageSize))}`;
    const label = width > 80 ? hex(BigInt(start) * BigInt(handover.pageSize)) : '';
    yield `<text class="axis" x="${LABEL + x}" y="${height - 8}"><title>${title}</title>${label}</text>\n`;
  }
  yield '</svg>\n';
}

function* laneSvg(
  name: string,
  pages: PageSet,
  row: number,
  axis: ReturnType<typeof mapAxis>,
  pageSize: number,
): Generator<string> {
  const y = row * LANE;
  const total = size(BigInt(pages.countPages()) * BigInt(pageSize));
  yield `<text x="0" y="${y + 13}">${html(name)}</text>\n`;
  for (const { x, width } of axis) {
    yield `<rect class="lane" x="${LABEL + x}" y="${y}" width="${width}" height="${BAR}"/>\n`;
  }
  const columns = touchedColumns(pages, axis, WIDTH);
  for (let from = columns.indexOf(1); from >= 0; ) {
    const behind = columns.indexOf(0, from);
    const to = behind < 0 ? columns.length : behind;
    yield `<rect class="range" x="${LABEL + from}" y="${y}" width="${to - from}" height="${BAR}"><title>${html(`${name}: ${total} in all`)}</title></rect>\n`;
    from = columns.indexOf(1, to);
  }
}

/** What is there to show; a lane without pages is left out. */
function lanesOf(handover: Handover): Lane[] {
  const { preserved, scratch = [], memory, pageSize } = handover;
  const lanes: [string, Iterable<PageRange>][] = [
    ['in the dump', memory?.known() ?? []],
    ['preserved', preserved?.pages?.ranges() ?? preserved?.ranges ?? []],
    ['scratch', scratch],
    ['tree and riders', blobs(handover)],
    ['preserved map', mapPages(handover)],
    ['page tables', tablePages(handover)],
    ['guestmemfs', region(handover)],
    ['reserve_mem', reserved(handover)],
    ...SUBJECTS.map((subject): [string, Iterable<PageRange>] => [
      `${subject.what} folios`,
      folios(handover, subject),
    ]),
  ];
  return lanes
    .map(([name, ranges]) => ({ name, pages: pageSet(ranges, pageSize) }))
    .filter(({ pages }) => pages.runCount > 0);
}

function* blobs({ fdtAddress, tree, subtrees = [] }: Handover): Generator<AddressRange> {
  if (fdtAddress !== undefined && tree !== undefined)
    yield { start: fdtAddress, end: fdtAddress + BigInt(tree.bytes.length) };
  for (const { address, blob } of subtrees) {
    if (address !== undefined && blob !== undefined)
      yield { start: address, end: address + BigInt(blob.length) };
  }
}

function* mapPages({ preservedMap, pageSize }: Handover): Generator<PageRange> {
  for (const start of preservedMap?.pages ?? []) yield { start, end: start + pageSize };
}

function* tablePages({ domains = [] }: Handover): Generator<PageRange> {
  for (const { mem } of domains) {
    for (const { addr, len } of mem ?? []) yield { start: addr, end: addr + len };
  }
}

function region({ guestmemfs }: Handover): AddressRange[] {
  const range = fsMemRange(guestmemfs);
  return range === undefined ? [] : [range];
}

function* reserved({ memblock }: Handover): Generator<AddressRange> {
  for (const { start, size: length } of memblock?.regions ?? []) {
    if (start !== undefined && length !== undefined) yield { start, end: start + length };
  }
}

/** Folios as far as their first pages tell; their sizes are those of the preserved blocks. */
function* folios({ luo, pageSize }: Handover, subject: Subject): Generator<AddressRange> {
  const page = BigInt(pageSize);
  for (const { files = [] } of luo?.sessions ?? []) {
    for (const file of files) {
      for (const { subject: kind, list } of folioListsOf(file)) {
        if (kind !== subject) continue;
        for (const { pfn, count, step } of list.folios.runs())
          yield { start: pfn * page, end: (pfn + BigInt(count * step)) * page };
      }
    }
  }
}
