/** The files of a session that follow those of guest memory: iommufds, then the VFIO devices whose DMA they own (upstream 4.4, 4.6). */
import { hex } from '../../schema/units.js';
import { bdfText } from '../../structures/values.js';
import type { Random } from '../random.js';
import type { Space } from '../space.js';
import { draftOf, type IommuForms, iommufdBytes } from './forms.js';
import type { Json, LaidDevice, LaidDomain, Owner } from './laid.js';

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
  forms: IommuForms,
  owner: Owner,
  domains: readonly LaidDomain[],
  random: Random,
): Json {
  const own = domains.filter((domain) => domain.owner === owner);
  const bytes = iommufdBytes(forms.iommufd, own.length);
  const address = hex(space.keep(Math.max(0, Math.ceil(Math.log2(bytes / space.pageSize)))));
  const start = random.next() % 0x1000_0000;
  return {
    compatible: 'iommufd-v1',
    token: hex(owner.token),
    data: address,
    ...draftOf(forms.iommufd),
    iommufd: {
      form: forms.iommufd,
      address,
      hwpts: own.map((domain, i) => ({
        domain: hex(domain.address),
        token: forms.iommufd === 'iommufd-v1' ? hex(start + i) : start + i,
        reclaimed: 0,
      })),
    },
  };
}

function vfioJson(
  space: Space,
  { vfio }: IommuForms,
  owner: Owner,
  { segment, bus, devfn }: LaidDevice,
  index: number,
  random: Random,
): Json {
  const data = hex(space.keep(0));
  return {
    compatible: vfio === 'vfio-pci-v2' ? vfio : 'vfio-pci-v1',
    // Far from those of guest memory and iommufds.
    token: hex(BigInt.asUintN(64, owner.token + (BigInt(index + 1) << 40n))),
    data,
    ...draftOf(vfio),
    vfioPci: {
      form: vfio,
      address: data,
      segment,
      bdf: bdfText((bus << 8) | devfn),
      ...(vfio === 'vfio-pci-v1' ? {} : { resetWorks: random.below(2) }),
      ...(vfio === 'vfio-pci-v1-iommufd' ? { token: Number(owner.token) } : {}),
    },
  };
}
