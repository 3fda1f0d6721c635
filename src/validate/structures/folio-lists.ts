/** Lists of folios of the files of drafts: whether each can be restored, and is inside the file. */
import type { FolioList } from '../../structures/folios.js';
import type { StructureModel } from '../../structures/model.js';
import type { Reporter, RuleContext } from '../rule.js';
import { hex, size } from '../text.js';
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
    const seen = new Set<number>();
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
      else if (seen.has(pfn)) tell(`folio ${i} at ${hex(BigInt(pfn) * page)} is in the list already`);
      else if (indexPages(BigInt(index), wanted) * page >= roundUp(model.size, page))
        tell(`folio ${i} has index ${index}, after the end at ${size(model.size)}`);
      seen.add(pfn);
    });
  }
}

/** The index of a HugeTLB folio counts huge pages. */
function indexPages(index: bigint, order: number | undefined): bigint {
  return order === undefined ? index : index << BigInt(order);
}

function roundUp(value: bigint, to: bigint): bigint {
  return ((value + to - 1n) / to) * to;
}
