/** Where the leaves of domains that LUO hands over lead: into files of the session, sealed, within the width. */

import { missingOf, missingText } from '../../abi/missing.js';
import type { LuoFile } from '../../abi/upstream/model.js';
import { type DomainOwner, type HandedDomain, handedIommu } from '../../decode/iommu/domains.js';
import { memfdLuoSer } from '../../records/memfd.js';
import { type FolioHolder, filePages } from '../../references/file-pages.js';
import { bytesToText } from '../../schema/text.js';
import { createProbe } from '../../validate/pages.js';
import { FOLIOS, IOMMU, MAP } from '../../validate/reads.js';
import type { Reporter, WalkObserver } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { counted, hex, range } from '../../validate/text.js';
import { at, UPSTREAM } from '../../validate/upstream/shared.js';
import { handedSubject } from '../../vtd/rules/target.js';
import { iovasOf, type LeafBatch, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { fieldOf, handedOf } from './rules-tables-shared.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'] });

const PAGE = 4096n;
const PRESERVE = 'drivers/iommu/iommufd/liveupdate.c iommufd_liveupdate_preserve of the series';
const SOURCE = 'upstream 4.6 (seen in captures)';

interface Stretch {
  iova: number;
  target: number;
  pages: number;
  readonly holder: FolioHolder | undefined;
}

function holderName({ session, file }: FolioHolder): string {
  return `the file of token ${hex(file.token)} of session "${bytesToText(session.name).text}"`;
}

export const inFiles = rule({
  id: 'IOMMU-056',
  title: 'every mapped page that is preserved is in a file of the session of the iommufd',
  source: SOURCE,
  evidence: PRESERVE,
  consequence:
    'the page has no owner in the next kernel, or belongs to another session, which may finish and free it while the device writes to it',
  reads: [...MAP, ...FOLIOS, ...IOMMU, 'iommufd'],
  check(context, report) {
    handedOf(context, report);
  },
  observeHanded({ handover, facts }, domain, report) {
    const { owners, name } = domain;
    const files = filePages(handover);
    const sessions = new Set(owners.map(({ session }) => session));
    const preserved = createProbe(facts.preserved());
    const partly = files.holders.find((holder) => holder.partly);
    const lost = missingOf(handover, ['luo', 'sessions', 'files', 'memfd', 'vmalloc', 'folios', 'draft']);
    let open: Stretch | undefined;

    function close(): void {
      if (open === undefined) return;
      const { iova: first, target, pages, holder } = open;
      open = undefined;
      if (holder === undefined && partly !== undefined) {
        report.absent(`a part of the folio list of ${holderName(partly)}`, partly.file.data);
        return;
      }
      if (holder === undefined && lost !== undefined) {
        report.absent(`the ${missingText(lost)}`, lost.address);
        return;
      }
      if (!report.room()) {
        report.more(1);
        return;
      }
      const iova = BigInt(first) * PAGE;
      const iovaEnd = iova + BigInt(pages) * PAGE;
      const own = [...sessions].map((session) => `"${bytesToText(session.name).text}"`).join(', ');
      const where =
        holder === undefined
          ? 'which is in no file'
          : `in ${holderName(holder)}, but its iommufd is in session ${own}`;
      report.finding({
        subject: {
          ...handedSubject(domain),
          ...(holder === undefined
            ? {}
            : { session: bytesToText(holder.session.name).text, token: holder.file.token }),
        },
        message: `${name} maps IOVA ${range(iova, iovaEnd)} to ${hex(BigInt(target) * PAGE)}, ${where}`,
        location: { iova, iovaEnd, address: BigInt(target) * PAGE },
        found: holder === undefined ? `${counted(pages, 'page')} in no file` : holderName(holder),
        expected: 'a memfd of the same session',
      });
    }

    return {
      runs(batch) {
        eachRow(batch, (iova, target, pages) => {
          for (const { start, end, holder } of files.parts(target, target + pages)) {
            const fine = holder !== undefined && (sessions.size === 0 || sessions.has(holder.session));
            // What is not preserved at all is VTD-138.
            if (fine || (holder === undefined && preserved(start, end) !== 'inside')) continue;
            const at = iova + start - target;
            if (
              open !== undefined &&
              open.holder === holder &&
              open.iova + open.pages === at &&
              open.target + open.pages === start
            )
              open.pages += end - start;
            else {
              close();
              open = { iova: at, target: start, pages: end - start, holder };
            }
          }
        });
      },
      end: close,
    };
  },
});

function eachRow(batch: LeafBatch, visit: (iova: number, target: number, pages: number) => void): void {
  const iovas = iovasOf(batch);
  const targets = targetsOf(batch);
  const lengths = pagesOf(batch);
  for (let row = 0; row < batch.length; row++)
    visit(iovas[row] as number, targets[row] as number, lengths[row] as number);
}

/** F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW (include/uapi/linux/fcntl.h). */
const SEALS: readonly (readonly [number, string])[] = [
  [0x1, 'F_SEAL_SEAL'],
  [0x2, 'F_SEAL_SHRINK'],
  [0x4, 'F_SEAL_GROW'],
];
const DEMANDED = 0x7;
const SEALS_AT = BigInt((memfdLuoSer.fields.find(({ id }) => id === 'seals')?.bitOffset ?? 0) / 8);

const reached = new WeakMap<Reporter, Map<FolioHolder, HandedDomain>>();

export const sealed = rule({
  id: 'IOMMU-057',
  title: 'a memfd that a domain maps is sealed with F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW',
  source: SOURCE,
  evidence: `${PRESERVE} (seals of the files that it maps)`,
  consequence:
    'the file can be shrunk in the next kernel: its pages are freed while the device writes to them',
  reads: [...FOLIOS, ...IOMMU],
  check(context, report) {
    if (handedOf(context, report) !== undefined) reached.set(report, new Map());
  },
  observeHanded({ handover }, domain, report) {
    const files = filePages(handover);
    const holders = reached.get(report);
    if (holders === undefined || files.holders.every(({ file }) => file.memfd?.seals === undefined))
      return undefined;
    return touched(files.parts, (holder) => {
      if (!holders.has(holder)) holders.set(holder, domain);
    });
  },
  finish(_context, report) {
    for (const [{ session, file }, domain] of reached.get(report) ?? []) {
      const { seals } = file.memfd ?? {};
      if (seals === undefined || (seals & DEMANDED) === DEMANDED) continue;
      const lacking = SEALS.flatMap(([bit, name]) => ((seals & bit) === 0 ? [name] : []));
      report.finding({
        subject: {
          ...handedSubject(domain),
          ...{ session: bytesToText(session.name).text, token: file.token },
        },
        message: `the memfd of token ${hex(file.token)} of session "${bytesToText(session.name).text}", which ${domain.name} maps, lacks ${lacking.join(', ')}`,
        location: at(file.data + SEALS_AT, 'memfd_luo_ser.seals'),
        found: hex(seals),
        expected: hex(seals | DEMANDED),
      });
    }
  },
});

/** Files that come after an iommufd whose domain maps them, by the file. */
const late = new WeakMap<Reporter, Map<FolioHolder, DomainOwner>>();

function positionOf({ session }: FolioHolder | DomainOwner, file: LuoFile): number {
  return session.files?.indexOf(file) ?? -1;
}

export const memfdsFirst = rule({
  id: 'IOMMU-061',
  title: 'the files that a domain maps come before its iommufd in their session',
  severity: 'warning',
  source: SOURCE,
  evidence: 'drivers/iommu/iommufd/liveupdate.c check_iopt_pages_preserved of the series: -ENOENT',
  consequence:
    'no kernel writes that, as it refuses an iommufd before the files that it maps are preserved: files were reordered, or the pages are of another file',
  reads: [...FOLIOS, ...IOMMU, 'iommufd'],
  check(context, report) {
    if (handedOf(context, report) !== undefined) late.set(report, new Map());
  },
  observeHanded({ handover }, { owners }, report) {
    const found = late.get(report);
    if (found === undefined || owners.length === 0) return undefined;
    return touched(filePages(handover).parts, (holder) => {
      for (const owner of owners)
        if (
          owner.session === holder.session &&
          positionOf(holder, holder.file) > positionOf(owner, owner.file)
        )
          found.set(holder, owner);
    });
  },
  finish(_context, report) {
    for (const [holder, { session, file }] of late.get(report) ?? []) {
      const own = positionOf(holder, holder.file);
      report.finding({
        subject: { session: bytesToText(session.name).text, token: holder.file.token },
        message: `${holderName(holder)} is file ${own}, after the iommufd of token ${hex(file.token)} that maps it`,
        location: at(holder.file.origin.address, 'luo_file_ser'),
        found: `file ${own}`,
        expected: `before file ${positionOf(holder, file)}`,
      });
    }
  },
});

/** Tells each file that leaves land in, at least once; neighbours of one file cost two comparisons. */
function touched(
  parts: ReturnType<typeof filePages>['parts'],
  tell: (holder: FolioHolder) => void,
): WalkObserver {
  let from = 0;
  let to = 0;
  return {
    runs(batch) {
      eachRow(batch, (_iova, target, pages) => {
        if (target >= from && target + pages <= to) return;
        for (const { start, end, holder } of parts(target, target + pages)) {
          if (holder === undefined) continue;
          from = start;
          to = end;
          tell(holder);
        }
      });
    },
  };
}

export const withinWidth = rule({
  id: 'IOMMU-058',
  title: 'every IOVA that a domain maps is within its vasz',
  source: 'upstream 4.5 (D)',
  evidence: 'drivers/iommu/generic_pt/iommu_pt.h (max_vasz_lg2)',
  consequence:
    'the next kernel refuses to unmap it, as it is outside the aperture of the domain: it stays mapped',
  requires: ['IOMMU-053'],
  reads: IOMMU,
  check(context, report) {
    const handed = handedOf(context, report);
    if (handed?.domains.every(({ domain }) => domain.vasz === undefined) === true)
      report.skip('no domain of a form with vasz is handed over');
  },
  observeHanded({ handover }, domain, report) {
    const state = handedIommu(handover)?.state;
    const { vasz } = domain.domain;
    if (vasz === undefined || vasz < 12 || vasz >= 64) return undefined;
    const limit = 2 ** (vasz - 12);
    let first: { iova: number; target: number } | undefined;
    let count = 0;
    return {
      runs(batch) {
        eachRow(batch, (iova, target, pages) => {
          if (iova + pages <= limit) return;
          const beyond = Math.max(iova, limit);
          first ??= { iova: beyond, target: target + beyond - iova };
          count += iova + pages - beyond;
        });
      },
      end() {
        if (first === undefined) return;
        const iova = BigInt(first.iova) * PAGE;
        report.finding({
          subject: handedSubject(domain),
          message: `${domain.name} has vasz ${vasz}, but maps ${counted(count, 'page')} above it, the first at IOVA ${hex(iova)}`,
          location: {
            ...(state === undefined ? {} : fieldOf(state, 'domains', domain.domain, 'vasz')),
            iova,
          },
          found: `${vasz}`,
          expected: `more than ${iova.toString(2).length - 1}`,
        });
      },
    };
  },
});
