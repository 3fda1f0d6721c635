/** Each side of a comparison in one line. */

import { missingOf } from '../abi/missing.js';
import type { Generation, Handover } from '../abi/model.js';
import { bytesOf } from '../abi/preserved.js';
import { filesOf } from '../abi/upstream/holders.js';
import { handoverReleases } from '../decode/upstream/releases.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { size, thousands } from '../schema/units.js';

/** What is compared: a handover, and how to call it. */
export interface DiffSide {
  /** The DUMP argument. */
  readonly path: string;
  /** Which of the dump's trees it is, where there are several. */
  readonly direction?: 'incoming' | 'outgoing';
  readonly handover: Handover;
}

/** Numbers of a handover; what it does not have or its dump does not hold is left out. */
export interface SideFacts {
  readonly generation?: Generation;
  /** Oldest and newest release that writes such a handover. */
  readonly writtenBy?: { readonly from: string; readonly to: string };
  readonly previousRelease?: string;
  readonly kexecCount?: number;
  readonly luo?: string;
  readonly liveupdateNumber?: bigint;
  readonly sessions?: number;
  readonly luoFiles?: number;
  readonly regions?: number;
  readonly iommufds?: number;
  readonly domains?: number;
  readonly guestmemfsFiles?: number;
  /** Bytes. */
  readonly preserved?: bigint;
}

/** Counts and versions of one side. */
export function sideFacts(handover: Handover): SideFacts {
  const { generation, kexecMetadata, luo, memblock, iommufds, domains, guestmemfs } = handover;
  const release = kexecMetadata?.previousRelease;
  const files = [...filesOf(handover)].length;
  // A count of what is there would tell of a list that is not whole as if it were.
  const unknownFiles = missingOf(handover, ['luo', 'sessions', 'files']) !== undefined;
  // The table lists the newest first.
  const writers = handoverReleases(handover)?.from ?? [];
  const [newest] = writers;
  const oldest = writers.at(-1);
  const facts = {
    generation,
    writtenBy:
      newest === undefined || oldest === undefined ? undefined : { from: oldest.release, to: newest.release },
    previousRelease: release === undefined ? undefined : bytesToText(release).text,
    kexecCount: kexecMetadata?.kexecCount,
    luo: luo?.compatible,
    liveupdateNumber: luo?.liveupdateNumber,
    sessions: missingOf(handover, ['luo', 'sessions']) === undefined ? luo?.sessions?.length : undefined,
    luoFiles: luo?.sessions === undefined || unknownFiles ? undefined : files,
    regions: memblock?.regions.length,
    iommufds: iommufds?.length,
    domains: domains?.length,
    guestmemfsFiles: guestmemfs?.files?.length,
    preserved: preservedBytes(handover),
  };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as SideFacts;
}

function preservedBytes({ preserved, preservedMap }: Handover): bigint | undefined {
  return preserved === undefined || preservedMap?.complete === false ? undefined : bytesOf(preserved);
}

/** One line: generation, who wrote it, what it hands over. */
export function sideText({ path, direction, handover }: DiffSide): string {
  const facts = sideFacts(handover);
  const { generation, writtenBy, previousRelease, kexecCount, luo, liveupdateNumber } = facts;
  const parts: string[] = [generation ?? handover.kind];
  if (previousRelease !== undefined) {
    parts.push(`by ${escapeText(previousRelease)}${kexecCount === undefined ? '' : `, kexec ${kexecCount}`}`);
  } else if (writtenBy !== undefined) {
    const { from, to } = writtenBy;
    parts.push(from === to ? `written by ${from}` : `written by ${from} to ${to}`);
  }
  if (luo !== undefined) {
    const number = liveupdateNumber === undefined ? '' : ` no. ${liveupdateNumber}`;
    parts.push(`${escapeText(luo)}${number}`);
  }
  const count = (number: number | undefined, one: string, many = `${one}s`): void => {
    if (number !== undefined) parts.push(`${thousands(number)} ${number === 1 ? one : many}`);
  };
  count(facts.sessions, 'session');
  count(facts.luoFiles, 'file');
  count(facts.regions, 'reserve_mem region');
  count(facts.iommufds, 'iommufd');
  count(facts.domains, 'domain');
  count(facts.guestmemfsFiles, 'guestmemfs file');
  if (facts.preserved !== undefined) parts.push(`${size(facts.preserved)} preserved`);
  const tree = direction === undefined ? '' : ` (${direction} tree)`;
  return `${escapeText(path)}${tree}: ${parts.join(', ')}`;
}
