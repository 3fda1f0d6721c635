/** `kho info` for what is upstream: riders, the map's form, and the releases that fit. */

import { missingOf, missingText, type Part } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import { filesOf } from '../abi/upstream/holders.js';
import type { Luo } from '../abi/upstream/model.js';
import { type HandedIommu, handedIommu } from '../decode/iommu/domains.js';
import { countMappings } from '../decode/iommu/walks.js';
import { handoverReleases } from '../decode/upstream/releases.js';
import { escapeText } from '../schema/escape.js';
import { thousands } from '../schema/units.js';
import { liveDevices } from '../structures/iommu/units.js';
import type { RiderPart } from '../structures/rider.js';
import { RIDERS } from '../structures/riders.js';
import { counted } from '../validate/text.js';
import { structuresSummary } from './structure-text.js';

/** Why a list is not whole: the first of its parts that is not in the dump; nothing where all are. */
export function absence(handover: Handover, parts: readonly Part[]): string {
  const missing = missingOf(handover, parts);
  return missing === undefined ? '' : `: the ${escapeText(missingText(missing))} is not in the dump`;
}

function sessionsText({ sessions, flbs, flbsAddress = 0n }: Luo, handover: Handover): string {
  const parts: string[] = [];
  const cut = absence(handover, ['luo', 'sessions']);
  const lost = absence(handover, ['files']);
  if (sessions === undefined) {
    if (cut !== '') parts.push(`sessions unknown${cut}`);
  } else {
    const least = (why: string): string => (why === '' ? '' : 'at least ');
    const files = [...filesOf(handover)].length;
    parts.push(
      `${least(cut)}${counted(sessions.length, 'session')} with ${least(cut + lost)}${counted(files, 'file')}`,
    );
    if (cut !== '') parts.push(`more sessions unknown${cut}`);
    if (lost !== '') parts.push(`files unknown${lost}`);
  }
  if (flbs === undefined && flbsAddress !== 0n) {
    const why = absence(handover, ['flbs']);
    if (why !== '') parts.push(`FLBs unknown${why}`);
  }
  return parts.map((part) => `, ${part}`).join('');
}

/** `2 iommufds, 3 domains of 8,493 mappings, 3 devices, 1 unit`: what is in use; nothing without IOMMU state. */
function iommuText(handover: Handover): string | undefined {
  const iommufds = [...filesOf(handover)].filter(({ file }) => file.iommufd !== undefined).length;
  const handed = handedIommu(handover);
  const parts = iommufds === 0 ? [] : [counted(iommufds, 'iommufd')];
  if (handed !== undefined) {
    const { domains, state } = handed;
    parts.push(
      `${counted(domains.length, 'domain')}${mappingsText(handed, handover.memory)}`,
      counted(liveDevices(state).length, 'device'),
      counted(state.units.items.filter(({ deleted }) => !deleted).length, 'unit'),
    );
  }
  return parts.length === 0 ? undefined : `${parts.join(', ')}${absence(handover, ['iommu', 'iommufd'])}`;
}

function mappingsText({ domains }: HandedIommu, memory: Handover['memory']): string {
  if (memory === undefined || domains.length === 0) return '';
  const all = domains.map((domain) => countMappings(domain, memory));
  const leaves = all.reduce((sum, each) => sum + (each?.leaves ?? 0), 0);
  const least = all.every((each) => each?.complete === true) ? '' : 'at least ';
  return ` of ${least}${thousands(leaves)} ${leaves === 1 ? 'mapping' : 'mappings'}`;
}

/** Subjects that the line on the IOMMU state counts. */
const IN_IOMMU_LINE: readonly string[] = ['iommu', 'iommufd'];

/** What else is handed over in drafts, and in which forms; nothing without any. */
function draftsText(handover: Handover, told: readonly string[]): string | undefined {
  const { counts, forms } = structuresSummary(handover);
  if (forms.length === 0) return undefined;
  const rest = counts.filter(({ key }) => !told.includes(key)).map(({ text }) => text);
  return `${rest.length === 0 ? '' : `${rest.join(', ')}; `}in no release: ${forms.map((form) => form.replace(/, (.*)$/, ' ($1)')).join(', ')}`;
}

/** Names and texts of lines; none for what a dump does not have. */
export function* upstreamSummary(handover: Handover): Generator<readonly [string, string]> {
  const { preservedMap, luo, subtrees } = handover;
  if (subtrees !== undefined) {
    const names = subtrees.map(({ name = '' }) => escapeText(name));
    yield ['subtrees', names.length === 0 ? 'none' : names.join(', ')];
  }
  if (luo !== undefined) {
    yield ['LUO', `${escapeText(luo.compatible)}${sessionsText(luo, handover)}`];
  } else if (missingOf(handover, ['luo']) !== undefined) {
    yield ['LUO', `unknown${absence(handover, ['luo'])}`];
  }
  const iommu = iommuText(handover);
  if (iommu !== undefined) yield ['IOMMU', iommu];
  const drafts = draftsText(handover, iommu === undefined ? [] : IN_IOMMU_LINE);
  if (drafts !== undefined) yield ['drafts', drafts];
  for (const { name, key, part, text } of RIDERS.toReversed()) {
    if (text === undefined) continue;
    const told = handover[key] as RiderPart | undefined;
    const said = told === undefined ? undefined : text.summary(told);
    const { heading = name, cutOff = false } = text;
    if (said !== undefined) yield [heading, `${said}${cutOff ? absence(handover, [part]) : ''}`];
    else if (missingOf(handover, [part]) !== undefined)
      yield [heading, `${text.unknown}${absence(handover, [part])}`];
  }
  if (preservedMap !== undefined) {
    const { form, depth, bitmapSize, bitmapReason, ambiguous } = preservedMap;
    const how = ambiguous === true ? 'ambiguous' : bitmapReason;
    yield [
      'map',
      `${form === 'radix' ? `radix tree, ${depth} levels` : `bitmaps of ${bitmapSize} bytes (${how})`}${absence(handover, ['map'])}`,
    ];
  }
  const releases = handoverReleases(handover);
  if (releases === undefined) return;
  const list = (names: readonly string[]): string =>
    names.length === 0 ? 'no known release' : names.join(', ');
  yield ['written by', list(releases.from.map(({ release }) => release))];
  const takes = releases.to.filter(({ takeover }) => takeover === 'yes').map(({ abi }) => abi.release);
  yield ['taken by', list(takes)];
  const perhaps = releases.to.filter(({ takeover }) => takeover === 'unsure').map(({ abi }) => abi.release);
  if (perhaps.length > 0) yield ['perhaps by', `${list(perhaps)}: nothing shows which form the map has`];
  if (releases.contradiction !== undefined) {
    const [one, other] = releases.contradiction;
    yield ['contradiction', escapeText(`${one.what}, ${other.what}: no release writes both`)];
  }
}
