/** Lists of folios of the files of drafts: whether each can be restored, and is inside the file. */
import type { Handover } from '../../abi/model.js';
import type { FolioList, FolioView } from '../../structures/folios.js';
import type { StructureModel } from '../../structures/model.js';
import type { Reporter, RuleContext } from '../rule.js';
import { hex, size } from '../text.js';
import { type FolioScan, type FolioTally, scanFolios } from '../upstream/folio-scan.js';
import { orderAt, wholeMap } from '../upstream/shared.js';
import { eachHeld } from './held.js';

/** Says what of a list of folios cannot be restored, once a file. */
export function checkFolios(
  context: RuleContext,
  report: Reporter,
  key: string,
  orderOf: (model: StructureModel) => number | undefined,
): void {
  const all = eachHeld<StructureModel & FolioList & { readonly size: bigint }>(context, key, report);
  const map = wholeMap(context, report);
  if (map === undefined) return;
  const page = BigInt(map.pageSize);
  for (const held of all) {
    const { model, name, subject, location } = held;
    if (model.folios === undefined) continue;
    const wanted = orderOf(model);
    let told = false;
    const tell = (message: string): void => {
      if (told) report.more(1);
      else report.finding({ subject, message: `${name.replace(/,$/, '')}: ${message}`, location });
      told = true;
    };
    model.folios.each((pfn, _flags, index, i) => {
      const order = orderAt(map, pfn);
      if (pfn === 0) return;
      if (order < 0) tell(`folio ${i} at ${hex(BigInt(pfn) * page)} does not start a preserved block`);
      else if (wanted !== undefined && order !== wanted)
        tell(
          `folio ${i} at ${hex(BigInt(pfn) * page)} is of order ${order}, but the pages of the file are of order ${wanted}`,
        );
      else if (indexPages(BigInt(index), wanted) * page >= roundUp(model.size, page))
        tell(`folio ${i} has index ${index}, after the end at ${size(model.size)}`);
    });
    const { again, overlap, unaligned } = faultsOf(context.handover, model.folios);
    if (again !== undefined) tell(`${nameOf(again, page)} is in the list already`);
    if (overlap !== undefined)
      tell(`${nameOf(overlap, page)} has index ${overlap.index}, which another folio covers`);
    if (unaligned !== undefined)
      tell(
        `${nameOf(unaligned, page)} has index ${unaligned.index}, not a multiple of its ${2 ** unaligned.order} pages`,
      );
  }
}

/** What one pass over all lists has found in this one. */
function faultsOf(handover: Handover, folios: FolioView): FolioScan['faults'] {
  return scanFolios(handover).scans.find(({ owner }) => owner.folios.folios === folios)?.faults ?? {};
}

function nameOf({ position, pfn }: FolioTally, page: bigint): string {
  return `folio ${position} at ${hex(BigInt(pfn) * page)}`;
}

/** The index of a HugeTLB folio counts huge pages. */
function indexPages(index: bigint, order: number | undefined): bigint {
  return order === undefined ? index : index << BigInt(order);
}

function roundUp(value: bigint, to: bigint): bigint {
  return ((value + to - 1n) / to) * to;
}
