/** The files of a session that follow those of guest memory: iommufds, then the VFIO devices whose DMA they own (upstream 4.4, 4.6). */
import { orderOf } from '../../memory/blocks.js';
import { hex } from '../../schema/units.js';
import { bdfText } from '../../structures/values.js';
import { fileJson, hasKey, type Json, structureDocument } from '../document.js';
import type { Random } from '../random.js';
import type { Space } from '../space.js';
import { type IommuForms, listOf } from './forms.js';
import type { LaidDevice, LaidDomain, Owner } from './laid.js';

/** Lays out the files of all sessions. */
export function layFiles(
  space: Space,
  forms: IommuForms,
  sessions: number,
  domains: readonly LaidDomain[],
  devices: readonly LaidDevice[],
  random: Random,
): Json[][] {
  return Array.from({ length: sessions }, (_, session) => {
    const owners = [
      ...new Set(domains.filter(({ owner }) => owner.session === session).map(({ owner }) => owner)),
    ];
    return [
      ...owners.map((owner) => iommufdJson(space, forms, owner, domains, random)),
      ...owners.flatMap((owner) =>
        devices
          .filter(({ domain }) => domain.owner === owner)
          .map((device, i) => vfioJson(space, forms, owner, device, i, random)),
      ),
    ];
  });
}

function iommufdJson(
  space: Space,
  { iommufd: form }: IommuForms,
  owner: Owner,
  domains: readonly LaidDomain[],
  random: Random,
): Json {
  const own = domains.filter((domain) => domain.owner === owner);
  const each = listOf(form, 'hwpts').element.record.size ?? 0;
  const bytes = (form.root.record.size ?? 0) + own.length * each;
  const address = hex(space.keep(orderOf(bytes, space.pageSize)));
  const start = random.next() % 0x1000_0000;
  const hwpts = own.map((domain, i) => ({ domain: domain.address, token: start + i, reclaimed: 0 }));
  return fileJson(form, owner.token, structureDocument(form, { address, hwpts }));
}

function vfioJson(
  space: Space,
  { vfioPci: form }: IommuForms,
  owner: Owner,
  { segment, bus, devfn }: LaidDevice,
  index: number,
  random: Random,
): Json {
  const address = hex(space.keep(0));
  const structure = structureDocument(form, {
    address,
    segment,
    bdf: bdfText((bus << 8) | devfn),
    ...(hasKey(form.root, 'resetWorks') ? { resetWorks: random.below(2) } : {}),
    token: owner.token,
  });
  // Far from those of guest memory and iommufds.
  return fileJson(form, BigInt.asUintN(64, owner.token + (BigInt(index + 1) << 40n)), structure);
}
