/** `kho walk` on the IOMMU state that LUO hands over: its domains, by the address of their record or attachment id. */
import type { Handover } from '../abi/model.js';
import { type HandedDomain, type HandedIommu, handedIommu } from '../decode/iommu/domains.js';
import { type DomainRequest, domainRequest, type NoWalk } from '../decode/iommu/walks.js';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { filePages } from '../references/file-pages.js';
import { attachmentIds, domainJson, handedJson, handedLines } from '../report/handed-iommu.js';
import { translateLines } from '../report/translate-text.js';
import { escapeJson } from '../schema/escape.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { hex, several } from '../schema/units.js';
import type { Stage } from '../structures/iommu/attachments.js';
import { pciText } from '../structures/values.js';
import { firstStageAttributes, firstStageEntry } from '../vtd/first-stage.js';
import { rootSettings } from '../vtd/registers.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import { secondStageAttributes, secondStageEntry } from '../vtd/second-stage.js';
import { translate } from '../vtd/walk/translate.js';
import { type CommonArguments, joined, paint, write } from './common.js';
import { parseNumber, UsageError } from './numbers.js';
import { messageOf } from './repeated.js';
import { csvList, jsonList, type ListedTable, ownedBy, tableList } from './walk-output.js';
import type { WalkFormat } from './walk-text.js';
import { fileLines } from './walk-units.js';

/** What was asked for of the domains. */
export interface DomainWalk {
  readonly path: string;
  readonly handover: Handover;
  /** `all`, or addresses and attachment ids. */
  readonly names: readonly string[];
  readonly stage: Stage | undefined;
  readonly settings: VtdSettings;
  readonly iova: bigint | undefined;
  readonly format: WalkFormat;
  /** Only what nothing preserves. */
  readonly unpreserved: boolean;
}

/** A domain that is walked. */
interface Walked {
  readonly domain: HandedDomain;
  readonly request: DomainRequest;
}

const WHY: Readonly<Record<NoWalk, (domain: HandedDomain) => string>> = {
  'no-root': ({ domain }) => `top_table ${hex(domain.topTable)} is not the address of a page`,
  'no-levels': ({ domain }) => `top_level ${domain.topLevel} is not a depth that tables have`,
  'no-stage': () => 'its stage is unknown; give it with --stage first or --stage second',
};

/** The remapping units that a handover records, as --root would name them. */
export function recordedVtdUnits(
  { units }: HandedIommu,
  settings: VtdSettings,
  given: VtdUnit['given'],
): VtdUnit[] {
  return units.map(({ name, rtaddr }) => ({
    name,
    rtaddr,
    settings: { ...DEFAULT_SETTINGS, ...settings, ...rootSettings(rtaddr) },
    given,
  }));
}

/** Lists units, domains and devices. */
export async function listHanded(
  args: CommonArguments,
  { memory }: Handover,
  handed: HandedIommu,
  format: WalkFormat,
): Promise<void> {
  if (format === 'csv')
    throw new UsageError('--format csv lists leaves; --domain all lists those of all domains');
  if (format === 'json') {
    const json = JSON.stringify({ schemaVersion: 1, ...handedJson(handed, memory) });
    await write(args, `${escapeJson(json)}\n`);
  } else await write(args, joined(handedLines(handed, memory)));
}

/**
 * The domains that names stand for.
 *
 * @throws InputError where one is none, or stands for several
 */
function namedDomains(path: string, handed: HandedIommu, names: readonly string[]): HandedDomain[] {
  const { domains } = handed;
  if (names.includes('all')) return [...domains];
  return [...new Set(names.map((name) => namedDomain(path, handed, parseNumber(name, 'domain'))))];
}

function namedDomain(path: string, { state, domains }: HandedIommu, id: bigint): HandedDomain {
  const own = domains.find(({ domain }) => domain.address === id);
  if (own !== undefined) return own;
  if (state.domains.items.some(({ address }) => address === id))
    throw new InputError(path, 'no-domain', `the domain at ${hex(id)} is deleted`);
  const attached = domains.filter((each) => attachmentIds(each).includes(id));
  const [first, second] = attached;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) {
    const there = several(
      domains.map((each) => domainText(each)),
      '; ',
    );
    throw new InputError(
      path,
      'no-domain',
      `has no domain record at ${hex(id)}, and no domain with that attachment id${there === '' ? '' : `; there are ${there}`}`,
    );
  }
  const list = several(
    attached.map((each) => domainText(each, id)),
    '; ',
  );
  throw new InputError(
    path,
    'ambiguous-domain',
    `attachment id ${hex(id)} is of ${attached.length} domains, one per unit: ${list}; give the address to --domain`,
  );
}

/** `0x2228010 (0000:00:03.0 as 0x5, unit 0xfed90000)`. */
function domainText({ domain, attachments }: HandedDomain, id?: bigint): string {
  const devices = attachments
    .filter(({ device }) => id === undefined || device.attachmentId === id)
    .map(({ device, unit }) => {
      const which = unit === undefined ? '' : `, ${unit.name}`;
      return `${pciText(device.segment, device.bdf)} as ${hex(device.attachmentId)}${which}`;
    });
  return `${hex(domain.address)}${devices.length === 0 ? '' : ` (${several(devices, '; ')})`}`;
}

/** Walks domains, or translates an address in each. */
export async function walkDomains(args: CommonArguments, walk: DomainWalk): Promise<void> {
  tellStage('walking', walk.path);
  const { path, handover, names, format, iova } = walk;
  const handed = handedIommu(handover);
  const { memory } = handover;
  if (handed === undefined) throw new InputError(path, 'no-domain', 'has no IOMMU state');
  const domains = namedDomains(path, handed, names);
  if (memory === undefined)
    throw new InputError(path, 'no-memory', 'is a devicetree blob; give its memory with --memory FILE');
  const all = names.length > 1 || names.includes('all');
  const walked = domains.flatMap((domain) => walkable(args, walk, memory, domain, all) ?? []);
  const tables = listedDomains(walk, walked);
  if (iova !== undefined && format === 'table')
    await write(args, joined(translations(args, walk, walked, iova)));
  else if (format === 'csv') await write(args, csvList(args, tables, all ? 'domain' : undefined));
  else if (format === 'json') await write(args, jsonList(args, tables, all ? 'domains' : undefined));
  else await write(args, tableList(args, tables));
}

/** @throws InputError for a domain that cannot be walked, unless others are asked for too */
function walkable(
  args: CommonArguments,
  { path, settings, stage }: DomainWalk,
  memory: PhysicalMemory,
  domain: HandedDomain,
  all: boolean,
): Walked | undefined {
  const request = domainRequest(domain, memory, settings, stage ?? domain.stage?.stage);
  const why = typeof request === 'string' ? WHY[request](domain) : absentRoot(domain, memory);
  if (why === undefined && typeof request !== 'string') {
    tellDoubts(args, domain, request);
    return { domain, request };
  }
  if (!all) throw new InputError(path, 'no-table', `${domain.name} cannot be walked: ${why}`);
  messageOf(args, 'left out', `kho: ${domain.name} is left out: ${why}`);
  return undefined;
}

function absentRoot({ root = 0n }: HandedDomain, memory: PhysicalMemory): string | undefined {
  const start = Number(root);
  for (const { state } of memory.runs(start, start + 4096)) if (state !== 'absent') return undefined;
  return `its top table ${hex(root)} is not in the dump`;
}

/** Says where the tables of a device's unit and the record of its domain do not agree. */
function tellDoubts(
  args: CommonArguments,
  { name, stage, attachments }: HandedDomain,
  request: DomainRequest,
): void {
  if (stage !== undefined && stage.stage !== request.stage)
    messageOf(
      args,
      'stage',
      `kho: ${name}: walked as ${request.stage} stage (--stage), but it is ${stage.stage} stage by ${stage.why}`,
    );
  for (const { device, path } of attachments) {
    const { translation } = path ?? {};
    const roots = [
      ...(translation !== undefined && 'first' in translation ? [translation.first] : []),
      ...(translation !== undefined && 'second' in translation ? [translation.second] : []),
    ];
    const own = roots.find(({ address }) => BigInt(address) === BigInt(request.root));
    if (path === undefined || own?.levels === request.levels) continue;
    const is =
      own === undefined
        ? roots.length === 0
          ? 'has no tables'
          : `has the table ${hex(roots[0]?.address ?? 0)}`
        : `has ${own.levels} levels`;
    messageOf(
      args,
      'levels',
      `kho: ${pciText(device.segment, device.bdf)} ${is} in the root table of its unit; walked with the levels of the record of ${name} (--device walks the other)`,
    );
  }
}

/** What is told of each domain. */
function listedDomains(
  { handover, unpreserved, iova }: DomainWalk,
  walked: readonly Walked[],
): ListedTable[] {
  return walked.map(({ domain, request }) => ({
    heading: () =>
      `${domain.name}: ${request.stage} stage, ${request.levels} levels, top table ${hex(request.root)}`,
    json: () => ({ ...domainJson(domain), stage: request.stage }),
    cells: `${hex(domain.domain.address)},`,
    memory: request.memory,
    table: () => ({
      prefix: `kho: ${domain.name}: `,
      request,
      attributes: request.stage === 'first' ? firstStageAttributes : secondStageAttributes,
      owned: ownedBy(handover, unpreserved),
      iova,
    }),
  }));
}

function* translations(
  args: CommonArguments,
  { handover }: DomainWalk,
  walked: readonly Walked[],
  iova: bigint,
): Generator<string> {
  const colours = paint(args);
  const files = filePages(handover);
  for (const { domain, request } of walked) {
    if (walked.length > 1) yield domain.name;
    const translation = translate(request, iova);
    yield* translateLines(
      translation,
      request.stage === 'first' ? firstStageEntry : secondStageEntry,
      colours,
    );
    const { result } = translation;
    if (result.kind !== 'mapped') continue;
    yield* fileLines(files, result.address);
  }
}
