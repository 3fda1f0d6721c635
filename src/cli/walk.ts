/** `kho walk`: what page tables translate, or what they make of one address. */

import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import { handedIommu } from '../decode/iommu/domains.js';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import type { OwnedWalk } from '../report/owned-walk.js';
import { translateLines } from '../report/translate-text.js';
import { hex, several } from '../schema/units.js';
import type { Stage } from '../structures/iommu/attachments.js';
import { liveDevices } from '../structures/iommu/units.js';
import { rootOf } from '../validate/run.js';
import { RFC } from '../versions/generations.js';
import { type DeviceId, deviceText } from '../vtd/device-id.js';
import { firstStageAttributes, firstStageEntry, firstStageFormat } from '../vtd/first-stage.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import { secondStageEntry, secondStageFormat } from '../vtd/second-stage.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import { translate } from '../vtd/walk/translate.js';
import { type CommonArguments, commonOptions, joined, loadOptions, message, paint, write } from './common.js';
import { dumpsFrom, type LoadOptions, onlyDump, withDump, withMemory } from './load.js';
import { withInputs } from './load-inputs.js';
import { requireNamedTree } from './named-tree.js';
import { lastValue, oneOf, parseList, parseNumber, parseSmall, UsageError } from './numbers.js';
import { argument, flag, type Given, withOptions } from './options.js';
import { tellModes } from './vtd-mode.js';
import { type VtdArguments, vtdDevice, vtdGiven, vtdOptions, vtdSettings, vtdUnits } from './vtd-settings.js';
import { listHanded, recordedVtdUnits, walkDomains } from './walk-handed.js';
import { ownedBy, type ToldTable, tableText } from './walk-output.js';
import { listRfcDomains } from './walk-rfc.js';
import { WALK_FORMATS, type WalkFormat } from './walk-text.js';
import { walkUnits } from './walk-units.js';

const OPTIONS = {
  domain: `a domain of the handover: persistent_id (${RFC}); address of its record, or attachment id (LUO); several, or all`,
  stage: 'first or second: which kind of tables, where nothing tells',
  pgd: 'physical address of a top table; needs no handover',
  agaw: 'its number of levels minus 2',
  pasid: 'PASID of --device (default: that of requests without PASID)',
  iova: 'translate this address, showing every entry on the way; csv and json: its leaf',
  format: { default: 'table', describe: WALK_FORMATS.join(', ') },
  unpreserved: flag('only leaves and tables that nothing preserves'),
} as const;

type WalkArguments = CommonArguments & VtdArguments & Given<typeof OPTIONS> & { dump: string | undefined };

/** A table to walk. */
interface Target {
  readonly memory: PhysicalMemory;
  readonly root: bigint;
  /** 2..5. */
  readonly levels: number;
  readonly stage: Stage;
  /** What tells of owners, and what is preserved. */
  readonly handover?: Handover;
}

export const walkCommand: CommandModule<object, WalkArguments> = {
  builder: (yargs) =>
    withOptions(vtdOptions(commonOptions(yargs)), OPTIONS)
      .positional('dump', argument('memory dump, or devicetree blob with --memory'))
      .example('kho walk memory.elf.gz --domain 1', 'merged runs, with their owners')
      .example('kho walk memory.elf.gz --domain 1 --format csv', 'iova,pa,size,access, one line per leaf')
      .example('kho walk core.elf', 'the domains and devices that LUO hands over')
      .example('kho walk core.elf --domain 0x2228010', 'where the DMA of one lands: session, token, offset')
      .example('kho walk core.elf --pgd 0x12340000 --agaw 2 --iova 0x200000', 'one address')
      .example('kho walk memory.elf.gz --domain 1 --iova 0x1000 --format json', 'its leaf, for tools')
      .example('kho walk core.elf --regset iommu_regset', 'every device')
      .example(
        'kho walk core.elf --root 0x103027000 --device 3b:00.0 --format debugfs',
        'as debugfs shows it',
      ),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', WALK_FORMATS);
    const unpreserved = args.unpreserved === true;
    if (unpreserved && (format === 'csv' || format === 'debugfs' || args.iova !== undefined))
      throw new UsageError('--unpreserved goes with --format table or json, and not with --iova');
    if (args.iova !== undefined && format === 'debugfs')
      throw new UsageError('--iova goes with --format table, csv or json: the kernel lists whole tables');
    if (await walkedUnits(args, format)) return;
    if (format === 'debugfs') throw new UsageError('--format debugfs needs --root RTADDR or --regset FILE');
    if (lastValue(args.pgd) !== undefined) {
      if (args.domain !== undefined) throw new UsageError(ONE_OF);
      await withPgd(args, (target) => writeTarget(args, target, format));
    } else await walkHandover(args, format);
  },
};

const ONE_OF = 'walk needs --domain ID, --pgd ADDR with --agaw N, or --root RTADDR or --regset FILE';

async function writeTarget(args: WalkArguments, target: Target, format: WalkFormat): Promise<void> {
  tellStage('walking', args.dump ?? '');
  refuseAbsent(args.dump ?? '', target);
  const text = lastValue(args.iova);
  const iova = text === undefined ? undefined : parseNumber(text, 'iova');
  if (iova !== undefined && format === 'table') await writeTranslation(args, target, iova);
  else await writeWalk(args, target, format, iova);
}

/** Walks domains of a handover, or lists those that LUO hands over. */
async function walkHandover(args: WalkArguments, format: WalkFormat): Promise<void> {
  const path = args.dump ?? '';
  const names = parseList(args.domain);
  const stage = stageOf(args);
  const iovaText = lastValue(args.iova);
  const iova = iovaText === undefined ? undefined : parseNumber(iovaText, 'iova');
  const settings = vtdSettings(args);
  const ids = names.includes('all') ? [] : names.map((name) => parseNumber(name, 'domain'));
  if (args.agaw !== undefined) throw new UsageError('--agaw goes with --pgd');
  await withDump(path, loadOptions(args), async (dump) => {
    requireNamedTree(dump);
    const { handover } = dump;
    const handed = handedIommu(handover);
    if (handed === undefined) {
      const listed = names.length === 0 && (handover.domains?.length ?? 0) > 0;
      if (listed && iova === undefined && stage === undefined) {
        await listRfcDomains(args, handover, format);
        return;
      }
      if (names.length === 0) throw new UsageError(ONE_OF);
      const [id] = ids;
      if (id === undefined || ids.length > 1)
        throw new UsageError('--domain takes one persistent_id of a handover of the 2024 series');
      await writeTarget(args, domainTarget(path, handover, id), format);
    } else if (names.length > 0)
      await walkDomains(args, {
        ...{ path, handover, names, stage, settings, iova, format },
        unpreserved: args.unpreserved === true,
      });
    else if (iova !== undefined) throw new UsageError('--iova needs --domain, --device or --pgd');
    else await listHanded(args, handover, handed, format);
  });
}

function stageOf({ stage }: WalkArguments): Stage | undefined {
  return stage === undefined ? undefined : oneOf<Stage>(stage, 'stage', ['first', 'second']);
}

/** Walks below a root table when one is named, or recorded for the device that is; tells whether it was. */
async function walkedUnits(args: WalkArguments, format: WalkFormat): Promise<boolean> {
  const device = vtdDevice(args, true);
  const pasidText = lastValue(args.pasid);
  if (pasidText !== undefined && device === undefined)
    throw new UsageError('--pasid needs --device [SSSS:]BB:DD.F');
  const units = await vtdUnits(args);
  if (units.length === 0 && device === undefined) return false;
  if (args.domain !== undefined || args.pgd !== undefined || args.agaw !== undefined)
    throw new UsageError(
      units.length > 0
        ? '--root and --regset go with --device, not with --domain, --pgd or --agaw'
        : '--device does not go with --domain, --pgd or --agaw',
    );
  if (args.stage !== undefined) throw new UsageError('--stage goes with --domain or --pgd');
  const iovaText = lastValue(args.iova);
  const pasid = pasidText === undefined ? undefined : parseSmall(pasidText, 'pasid', 0, 2 ** 20 - 1);
  const iova = iovaText === undefined ? undefined : parseNumber(iovaText, 'iova');
  const path = args.dump ?? '';
  const unpreserved = args.unpreserved === true;
  const asked = { path, device, pasid, iova, format, unpreserved };
  if (units.length > 0 && unpreserved) {
    // Only the tree tells what is preserved.
    await withDump(path, loadOptions(args), async (dump) => {
      requireNamedTree(dump);
      const { handover } = dump;
      const { memory, preserved } = handover;
      if (memory === undefined || preserved === undefined)
        throw new InputError(path, 'no-tree', 'does not tell what is preserved');
      tellModes(args, path, units, handover);
      await walkUnits(args, { ...asked, memory, units, handover });
    });
    return true;
  }
  if (units.length > 0) {
    // Owners are told where there is one tree; the tables need none.
    const isTold = iova !== undefined || format === 'table' || format === 'json';
    await withUnitMemory(path, loadOptions(args), isTold, async (memory, handover) => {
      if (handover !== undefined) tellModes(args, path, units, handover);
      await walkUnits(args, { ...asked, memory, units, ...(handover === undefined ? {} : { handover }) });
    });
    return true;
  }
  await withDump(path, loadOptions(args), async (dump) => {
    requireNamedTree(dump);
    const { handover } = dump;
    const own = device === undefined ? [] : unitsOf(args, handover, device);
    if (own.length === 0)
      throw new UsageError('--device needs --root RTADDR or --regset FILE: the handover records no unit');
    const { memory } = handover;
    if (memory === undefined)
      throw new InputError(path, 'no-memory', 'is a devicetree blob; give its memory with --memory FILE');
    await walkUnits(args, { ...asked, memory, units: own, handover });
  });
  return true;
}

/** The recorded units that a device can be below: its own where it is recorded too, else all. */
function unitsOf(args: WalkArguments, handover: Handover, { segment, bus, devfn }: DeviceId): VtdUnit[] {
  const handed = handedIommu(handover);
  if (handed === undefined) return [];
  const bdf = (bus << 8) | devfn;
  const device = liveDevices(handed.state).find((each) => each.segment === segment && each.bdf === bdf);
  if (device === undefined)
    message(
      args,
      `kho: ${deviceText({ segment, bus, devfn })} is not handed over; looked up below every unit that is`,
    );
  const units = handed.units.filter(({ unit }) => device === undefined || unit.address === device.unit);
  return recordedVtdUnits(
    { ...handed, units: units.length > 0 ? units : handed.units },
    vtdSettings(args),
    vtdGiven(args),
  );
}

async function withPgd(args: WalkArguments, use: (target: Target) => Promise<void>): Promise<void> {
  const pgd = lastValue(args.pgd);
  const agaw = lastValue(args.agaw);
  if (pgd === undefined || agaw === undefined)
    throw new UsageError('--pgd needs --agaw N, the number of levels minus 2');
  const root = parseNumber(pgd, 'pgd');
  const levels = parseSmall(agaw, 'agaw', 0, 3) + 2;
  if (root % 4096n !== 0n) throw new UsageError(`--pgd: ${hex(root)} is not page aligned`);
  const stage = stageOf(args) ?? 'second';
  await withMemory(args.dump ?? '', loadOptions(args), async (memory) =>
    use({ memory, root, levels, stage }),
  );
}

/**
 * A walk whose top table is not in the dump answers nothing.
 *
 * @throws InputError when no byte of it is there
 */
function refuseAbsent(path: string, { memory, root }: Target): void {
  const start = physicalAddress(root);
  if (start === undefined) return;
  for (const { state } of memory.runs(start, start + 4096)) if (state !== 'absent') return;
  throw new InputError(
    path,
    'no-table',
    `nothing can be walked: the top table at ${hex(root)} is not in the dump`,
  );
}

function domainTarget(path: string, handover: Handover, id: bigint): Target {
  const { memory, domains } = handover;
  const domain = domains?.find(({ persistentId }) => persistentId === id);
  if (domain === undefined) {
    const ids = several((domains ?? []).map(({ persistentId, nodeName }) => `${persistentId ?? nodeName}`));
    throw new InputError(path, 'no-domain', `has no domain ${id}${ids === '' ? '' : `; there are ${ids}`}`);
  }
  if (memory === undefined)
    throw new InputError(path, 'no-memory', 'is a devicetree blob; give its memory with --memory FILE');
  const root = rootOf(domain);
  if (root === undefined) {
    throw new InputError(
      path,
      'no-table',
      `domain ${id} cannot be walked: pgd ${hex(domain.pgd ?? 0n)}, agaw ${domain.agaw ?? 'absent'}`,
    );
  }
  return { memory, root: root.pgd, levels: root.levels, stage: 'second', handover };
}

function formatOf(args: WalkArguments, { stage }: Target): EntryFormat {
  const settings = vtdSettings(args);
  return stage === 'first' ? firstStageFormat(settings) : secondStageFormat(settings);
}

async function writeWalk(
  args: WalkArguments,
  target: Target,
  form: WalkFormat,
  iova: bigint | undefined,
): Promise<void> {
  const request = { ...target, format: formatOf(args, target) };
  const attributes = target.stage === 'first' ? firstStageAttributes : () => '';
  const table = { prefix: 'kho: ', request, attributes, owned: ownersIn(args, target), iova };
  await write(args, form === 'json' ? jsonDocument(args, table) : tableText(args, table, form));
}

function* jsonDocument(args: WalkArguments, table: ToldTable): Generator<string | Uint8Array> {
  yield '{"schemaVersion":1,"runs":[\n';
  yield* tableText(args, table, 'json');
  yield '}\n';
}

/** Opens memory, and the handover in it where it is wanted and there is one that can be told. */
async function withUnitMemory(
  path: string,
  options: LoadOptions,
  wanted: boolean,
  use: (memory: PhysicalMemory, handover?: Handover) => Promise<void>,
): Promise<void> {
  if (!wanted) return withMemory(path, options, (memory) => use(memory));
  // Opened once: standard input cannot be read again, and what was packed is unpacked already.
  await withInputs(path, options, async (inputs) => {
    let isTold = false;
    const told = async (handover: Handover): Promise<void> => {
      if (handover.memory === undefined) throw new InputError(path, 'no-tree', 'has no memory');
      isTold = true;
      await use(handover.memory, handover.preserved === undefined ? undefined : handover);
    };
    try {
      await dumpsFrom(path, inputs, { ...options, single: true }, (dumps, findings, memory) => {
        const dump = onlyDump(path, dumps, findings, memory);
        requireNamedTree(dump);
        return told(dump.handover);
      });
    } catch (error) {
      const treeless = !isTold && error instanceof InputError && TREELESS.has(error.code);
      const { memory } = inputs;
      if (!treeless || memory === undefined || options.fdtAddress !== undefined || options.tree !== undefined)
        throw error;
      await use(memory.memory);
    }
  });
}

const TREELESS: ReadonlySet<string> = new Set(['no-tree', 'several-trees', 'old-version', 'folder']);

/** @throws UsageError where --unpreserved asks what nothing tells */
function ownersIn(args: WalkArguments, { handover }: Target): OwnedWalk | undefined {
  const unpreserved = args.unpreserved === true;
  if (unpreserved && handover?.preserved === undefined)
    throw new UsageError(
      '--unpreserved needs a handover that tells what is preserved: name a domain or device of it',
    );
  return handover === undefined ? undefined : ownedBy(handover, unpreserved);
}

async function writeTranslation(args: WalkArguments, target: Target, iova: bigint): Promise<void> {
  const translation = translate({ ...target, format: formatOf(args, target) }, iova);
  const entry = target.stage === 'first' ? firstStageEntry : secondStageEntry;
  await write(args, joined(translateLines(translation, entry, paint(args))));
}
