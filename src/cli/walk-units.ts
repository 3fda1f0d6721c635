/** `kho walk` with --root or --regset: the tables of devices. */

import type { Handover } from '../abi/model.js';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type FilePages, filePages } from '../references/file-pages.js';
import { holderText } from '../report/held-text.js';
import { missingText, structureLines, translateLines, translationText } from '../report/translate-text.js';
import type { RecordType } from '../schema/record.js';
import { hex, several } from '../schema/units.js';
import { absentRoot } from '../validate/questions.js';
import { listDevices } from '../vtd/context/list.js';
import { type DevicePath, devicePath, type UnitTables } from '../vtd/context/path.js';
import { stageRequests } from '../vtd/context/stages.js';
import { type DeviceId, deviceText, functionText } from '../vtd/device-id.js';
import { firstStageAttributes, firstStageEntry } from '../vtd/first-stage.js';
import { rootPointer } from '../vtd/registers.js';
import { translationEnabled, type VtdUnit } from '../vtd/rules/unit.js';
import { secondStageAttributes, secondStageEntry } from '../vtd/second-stage.js';
import { dmarTranslationText } from '../vtd/text/dmar-translation.js';
import { domainTranslationText } from '../vtd/text/domain-translation.js';
import type { WalkRequest } from '../vtd/walk/state.js';
import { translate } from '../vtd/walk/translate.js';
import { type CommonArguments, joined, message, paint, write } from './common.js';
import { UsageError } from './numbers.js';
import { messageOf } from './repeated.js';
import { csvList, jsonList, type ListedTable, ownedBy, tableList } from './walk-output.js';
import type { WalkFormat } from './walk-text.js';

export interface UnitWalk {
  readonly path: string;
  readonly memory: PhysicalMemory;
  readonly units: readonly VtdUnit[];
  readonly device: DeviceId | undefined;
  readonly pasid: number | undefined;
  readonly iova: bigint | undefined;
  readonly format: WalkFormat;
  /** What tells of owners, and what is preserved. */
  readonly handover?: Handover;
  /** Only what nothing preserves. */
  readonly unpreserved: boolean;
}

const PAGE = 4096n;

/** A device below a root table. */
interface Device {
  readonly unit: VtdUnit;
  readonly path: DevicePath;
  readonly id: DeviceId;
}

/** A paging structure to be walked, and what its entries are called. */
interface Stage {
  readonly request: WalkRequest;
  readonly entryType: (level: number, leaf: boolean) => RecordType<unknown> | undefined;
  readonly attributes: (run: { readonly lo: number }) => string;
}

function tablesOf({ rtaddr, settings }: VtdUnit, memory: PhysicalMemory): UnitTables {
  return { memory, rtaddr, settings };
}

/** The stages that a request of the device goes through, first first; none where there are no tables. */
function stagesOf({ unit, path }: Device, memory: PhysicalMemory): Stage[] {
  return stageRequests(path, tablesOf(unit, memory)).map(({ stage, request }) =>
    stage === 'second'
      ? { request, entryType: secondStageEntry, attributes: secondStageAttributes }
      : { request, entryType: firstStageEntry, attributes: firstStageAttributes },
  );
}

/** Units whose tables are in use; of the others it says so. */
function runningUnits(args: CommonArguments, { units }: UnitWalk): VtdUnit[] {
  return units.filter((unit) => {
    if (translationEnabled(unit) !== false) return true;
    message(args, `kho: DMA Remapping is not enabled on ${unit.name}`);
    return false;
  });
}

/**
 * The walk without the units whose root table is not in the dump; of those it says so.
 *
 * @throws InputError when no other unit is left
 */
function readableUnits(args: CommonArguments, walk: UnitWalk): UnitWalk {
  const reasons: string[] = [];
  const units = walk.units.filter((unit) => {
    const why = absentRoot(unit, walk.memory);
    if (why !== undefined) reasons.push(why);
    return why === undefined;
  });
  if (units.length === 0 && reasons.length > 0)
    throw new InputError(walk.path, 'no-table', `nothing can be walked: ${several(reasons, '; ')}`);
  for (const why of reasons) messageOf(args, 'root', `kho: ${why}`);
  return { ...walk, units };
}

/** The device that was asked for, below the first unit that has it. */
function findDevice(args: CommonArguments, walk: UnitWalk, id: DeviceId): Device {
  const { memory, pasid, path: dump } = walk;
  const tried = runningUnits(args, walk).map((unit) => {
    const path = devicePath(tablesOf(unit, memory), id.bus, id.devfn, pasid);
    return { unit, path, id };
  });
  const found = tried.find(({ path }) => path.translation !== undefined) ?? tried[0];
  if (found === undefined) throw new InputError(dump, 'no-unit', 'no unit has translation enabled');
  if (pasid !== undefined && rootPointer(found.unit.rtaddr).mode === 'legacy')
    throw new UsageError('--pasid: the unit is in legacy mode, which has no PASIDs');
  const others = tried.filter(({ path }) => path !== found.path && path.translation !== undefined);
  for (const { unit } of others)
    message(args, `kho: ${unit.name} has a context for ${deviceText(id)} too; --root chooses the unit`);
  return found;
}

function* allDevices(args: CommonArguments, walk: UnitWalk): Generator<Device> {
  for (const unit of runningUnits(args, walk)) {
    const paths = listDevices(tablesOf(unit, walk.memory), {
      onNotice: (notice) => {
        if (notice.kind === 'mode')
          message(args, `kho: ${unit.name}: ${notice.mode} mode has no tables to walk`);
        else if (notice.kind === 'pasid-budget')
          messageOf(
            args,
            notice.kind,
            `kho: ${functionText(notice.bus, notice.devfn)}: more PASIDs than plausible; the rest is left out`,
          );
        else {
          const { kind, address, verdict } = notice.step;
          const what = verdict === 'unknown' ? 'is not in the dump' : 'has reserved bits set';
          messageOf(
            args,
            `${kind} ${verdict}`,
            `kho: the ${kind.replaceAll('-', ' ')} at ${hex(address)} ${what}`,
          );
        }
      },
    });
    for (const path of paths) yield { unit, path, id: { segment: 0, bus: path.bus, devfn: path.devfn } };
  }
}

/** Why nothing is listed for a device; undefined when its tables are. */
function nothingText({ path }: Device): string | undefined {
  const { translation, steps, ends } = path;
  if (ends === 'mode') return 'the mode of the unit has no tables';
  if (ends === 'pasid-beyond-directory') return 'the PASID is beyond the directory';
  if (translation === undefined) return missingText(steps);
  const { kind } = translation;
  return kind === 'pass-through' || kind === 'reserved' ? translationText(translation) : undefined;
}

function nameOf({ id, path }: Device): string {
  return `${deviceText(id)}${path.pasid === undefined ? '' : ` PASID ${hex(path.pasid)}`}`;
}

/** Writes what was asked for of the units' tables. */
export async function walkUnits(args: CommonArguments, asked: UnitWalk): Promise<void> {
  tellStage('walking', asked.path);
  const walk = readableUnits(args, asked);
  const { device: id, format, iova } = walk;
  if (format === 'debugfs' && id === undefined) {
    await write(args, dmarListing(walk));
    return;
  }
  const device = id === undefined ? undefined : findDevice(args, walk, id);
  if (device?.path.steps.some(({ verdict }) => verdict === 'unknown'))
    throw new InputError(walk.path, 'no-table', `${nameOf(device)}: ${missingText(device.path.steps)}`);
  if (device !== undefined && format === 'debugfs') {
    const nothing = nothingText(device);
    if (nothing !== undefined) message(args, `kho: ${nameOf(device)}: ${nothing}`);
    await write(args, domainTranslationText(walk.memory, device.id, device.path));
    return;
  }
  const devices = device === undefined ? allDevices(args, walk) : [device];
  if (iova !== undefined && format === 'table') {
    await write(args, joined(translations(args, walk, devices, iova)));
    return;
  }
  if (device !== undefined) {
    const nothing = nothingText(device);
    if (nothing !== undefined) throw new InputError(walk.path, 'no-table', `${nameOf(device)}: ${nothing}`);
  }
  const tables = listedDevices(args, walk, devices);
  const all = device === undefined;
  if (format === 'csv') await write(args, csvList(args, tables, all ? 'device,pasid' : undefined));
  else if (format === 'json') await write(args, jsonList(args, tables, all ? 'devices' : undefined));
  else await write(args, tableList(args, tables));
}

/** The kernel's dmar_translation_struct. */
function* dmarListing({ units, memory }: UnitWalk): Generator<string> {
  for (const unit of units) {
    if (translationEnabled(unit) === false) {
      yield `DMA Remapping is not enabled on ${unit.name}\n`;
      continue;
    }
    yield `IOMMU ${unit.name}: Root Table Address: ${hex(rootPointer(unit.rtaddr).address)}\n`;
    yield* dmarTranslationText(tablesOf(unit, memory));
  }
}

function* translations(
  args: CommonArguments,
  { memory, handover }: UnitWalk,
  devices: Iterable<Device>,
  iova: bigint,
): Generator<string> {
  const colours = paint(args);
  // Lists of folios are long: they are read once an address is mapped.
  let files: FilePages | undefined;
  for (const device of devices) {
    yield nameOf(device);
    yield* structureLines(device.path, colours);
    let address: bigint | undefined = iova;
    for (const { request, entryType } of stagesOf(device, memory)) {
      if (address === undefined) break;
      const translation = translate(request, address);
      yield* translateLines(translation, entryType, colours);
      address = translation.result.kind === 'mapped' ? translation.result.address : undefined;
    }
    if (address === undefined || handover?.luo === undefined) continue;
    files ??= filePages(handover);
    yield* fileLines(files, address);
  }
}

/** Which file of a session keeps a physical address. */
export function* fileLines(files: FilePages, address: bigint): Generator<string> {
  const frame = Number(address / PAGE);
  for (const { holder, page } of files.parts(frame, frame + 1)) {
    if (holder === undefined || page === undefined) yield '  in no file of a session';
    else yield `  in the ${holderText(holder, page)}`;
  }
}

/**
 * The stage that is listed. Of a nested translation that is the second, as in the kernel's listing: the first
 * leads to guest addresses.
 */
function listed(
  args: CommonArguments,
  device: Device,
  memory: PhysicalMemory,
  oneAddress: boolean,
): Stage | undefined {
  const stages = stagesOf(device, memory);
  if (stages.length > 1 && oneAddress) {
    // An address of the device is one of the first stage, whose leaves are not those of memory.
    messageOf(
      args,
      'nested',
      `kho: ${nameOf(device)} is nested: left out; --format table goes through both stages`,
    );
    return undefined;
  }
  if (stages.length > 1)
    messageOf(
      args,
      'nested',
      `kho: ${nameOf(device)} is nested: the second stage is listed; --iova goes through both`,
    );
  return stages.at(-1);
}

/** What is told of each device: its tables, or why it has none. */
function* listedDevices(
  args: CommonArguments,
  { memory, handover, unpreserved, iova }: UnitWalk,
  devices: Iterable<Device>,
): Generator<ListedTable> {
  for (const device of devices) {
    const { translation, pasid } = device.path;
    yield {
      heading: () =>
        `${nameOf(device)}: ${translation === undefined ? (nothingText(device) ?? '') : translationText(translation)}`,
      json: (table) => ({
        unit: device.unit.name,
        device: deviceText(device.id),
        ...(pasid === undefined ? {} : { pasid }),
        ...(translation === undefined ? {} : { translation: translation.kind, domainId: translation.did }),
        ...(table === undefined
          ? {}
          : { root: hex(BigInt(table.request.root)), levels: table.request.levels }),
      }),
      cells: `${deviceText(device.id)},${pasid ?? ''},`,
      memory,
      table() {
        const stage = listed(args, device, memory, iova !== undefined);
        if (stage === undefined) return undefined;
        const owned = handover === undefined ? undefined : ownedBy(handover, unpreserved);
        return { ...stage, prefix: `kho: ${nameOf(device)}: `, owned, iova };
      },
    };
  }
}
