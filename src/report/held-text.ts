/** Where leaves land: which file of LUO keeps the memory, for people and as data. */
import type { FilePages, FolioHolder, HeldPart } from '../decode/iommu/file-pages.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { pagesPerEntry } from '../vtd/walk/batch.js';
import type { MappedRun } from '../vtd/walk/runs.js';
import { textKeys } from './text-json.js';

const PAGE = 4096n;

/** A run, or the part of one that one file keeps. */
export interface HeldRun extends MappedRun {
  readonly held?: HeldPart;
}

/** Cuts runs where the file ends that keeps them, or another begins. */
export function* heldRuns(runs: Iterable<MappedRun>, files: FilePages): Generator<HeldRun> {
  for (const run of runs) {
    const { iova, target, pages, level } = run;
    for (const held of files.parts(target, target + pages)) {
      const own = held.end - held.start;
      const leaves = own === pages ? run.leaves : Math.ceil(own / pagesPerEntry(level));
      yield { ...run, iova: iova + held.start - target, target: held.start, pages: own, leaves, held };
    }
  }
}

/** What a file is of, its session and token, and a place in it: `vfio of "vm" token 0x11 at 0x3000`. */
export function holderText({ session, file, kind }: FolioHolder, page: number): string {
  const handler = kind.released === true ? kind.what : bytesToText(file.compatible).text;
  const name = escapeText(`${handler} of ${JSON.stringify(bytesToText(session.name).text)}`);
  return `${name} token ${hex(file.token)} at ${hex(BigInt(page) * PAGE)}`;
}

/** What keeps a run, for people; `not in a file` where no file does. */
export function heldText({ held }: HeldRun): string {
  if (held === undefined) return '';
  const { holder, page } = held;
  return holder === undefined || page === undefined ? 'in no file' : holderText(holder, page);
}

/** The same as data; nothing where no file keeps it. */
export function heldJson({ held }: HeldRun): object {
  const { holder, page } = held ?? {};
  if (holder === undefined || page === undefined) return {};
  const { session, file } = holder;
  return {
    holds: {
      ...textKeys('session', session.name),
      token: hex(file.token),
      fileOffset: hex(BigInt(page) * PAGE),
    },
  };
}
