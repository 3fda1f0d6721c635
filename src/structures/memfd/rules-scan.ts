/** Memfds, and the pass over their lists of folios, for rules. */

import type { Location } from '../../abi/model.js';
import { perHandover } from '../../abi/per-handover.js';
import type { Memfd } from '../../abi/upstream/model.js';
import { areaAddress } from '../../decode/upstream/vmalloc.js';
import {
  MEMFD_LUO_FOLIO_SER_SIZE,
  memfdLuoFolioSer,
  memfdLuoSer,
  memfdLuoSerV1,
} from '../../records/memfd.js';
import { type ClaimingFile, fileOf, folioClaims } from '../../references/claims.js';
import { FOLIOS } from '../../validate/reads.js';
import type { Subject } from '../../validate/rule.js';
import { type Elements, fieldPlace, type Records } from '../../validate/shapes.js';
import { type FolioScan, scanFolios } from '../../validate/upstream/folio-scan.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';

/** A memfd, and whose it is. */
export interface PlacedMemfd extends ClaimingFile {
  readonly name: string;
  readonly subject: Subject;
  readonly memfd: Memfd;
}

/** The pass over the list of one. */
export interface MemfdScan extends Omit<FolioScan, 'owner'> {
  readonly owner: PlacedMemfd;
}

/** Every memfd whose record is in the dump. */
export const findMemfds = perHandover((handover): readonly PlacedMemfd[] =>
  folioClaims(handover).flatMap((claim): PlacedMemfd[] => {
    const of = fileOf(claim);
    const memfd = of?.file.memfd;
    return of === undefined || memfd !== claim.folios
      ? []
      : [{ name: claim.name, subject: claim.subject, ...of, memfd }];
  }),
);

/** A field of an entry of a folio list: where the list has it, not where the folio is. */
export function folioPlace(
  { memfd }: PlacedMemfd,
  position: number,
  id: 'pfn' | 'flags' | 'index',
): Location {
  return fieldPlace(memfdLuoFolioSer, areaAddress(memfd.area, position * MEMFD_LUO_FOLIO_SER_SIZE), id);
}

/** Memfds, for the rules on their records. */
export const MEMFDS: Records<PlacedMemfd, Memfd> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: FOLIOS },
  each({ handover }, report) {
    const found = findMemfds(handover);
    if (found.length === 0) report.skip('no file of a session is a memfd, or its record is not in the dump');
    return found;
  },
  subject: ({ subject }) => subject,
  name: ({ name }) => name,
  model: ({ memfd }) => memfd,
  record: ({ memfd }) => (memfd.version === 'memfd-v1' ? memfdLuoSerV1 : memfdLuoSer),
  address: ({ memfd }) => memfd.origin.address,
};

/** Lists of folios, for the rules on what is in them. */
export const SCANS: Elements<MemfdScan> = {
  shared: MEMFDS.shared,
  *each(context, report) {
    const owners = new Map([...MEMFDS.each(context, report)].map((each) => [each.memfd as unknown, each]));
    for (const scan of scanFolios(context.handover).scans) {
      const owner = owners.get(scan.owner.folios);
      if (owner === undefined) continue;
      const { absent } = scan;
      if (absent) report.absent(`the folio list of ${owner.name}`, owner.memfd.area.descriptor.first);
      yield { ...scan, owner };
    }
  },
  subject: ({ owner }) => owner.subject,
};
