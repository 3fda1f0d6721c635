/** `kho walk`: what page tables translate, or what they make of one address. */

import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import { InputError } from '../memory/node/errors.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { translateLines } from '../report/translate-text.js';
import { escapeJson } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import { rootOf } from '../validate/run.js';
import { secondStageEntry, secondStageFormat } from '../vtd/second-stage.js';
import { csvBytes } from '../vtd/text/csv.js';
import { jsonOf, tableOf } from '../vtd/text/table.js';
import { mergeRuns } from '../vtd/walk/runs.js';
import { translate } from '../vtd/walk/translate.js';
import { walkTable } from '../vtd/walk/walk.js';
import { type CommonArguments, commonOptions, joined, loadOptions, message, paint, write } from './common.js';
import { withDump, withMemory } from './load.js';
import { lastValue, parseNumber, parseSmall, UsageError } from './numbers.js';
import { type VtdArguments, vtdDevice, vtdOptions, vtdSettings, vtdUnits } from './vtd-settings.js';
import { anomalyJson, anomalyText, WALK_FORMATS, type WalkFormat } from './walk-text.js';
import { walkUnits } from './walk-units.js';

type Text = string | string[] | undefined;

interface WalkArguments extends CommonArguments, VtdArguments {
  dump: string | undefined;
  domain: Text;
  pgd: Text;
  agaw: Text;
  pasid: Text;
  iova: Text;
  format: Text;
}

/** A table to walk. */
interface Target {
  readonly memory: PhysicalMemory;
  readonly root: bigint;
  /** 2..5. */
  readonly levels: number;
}

export const walkCommand: CommandModule<object, WalkArguments> = {
  builder: (yargs) =>
    vtdOptions(commonOptions(yargs))
      .positional('dump', {
        type: 'string',
        demandOption: true,
        describe: 'memory dump, or devicetree blob with --memory',
      })
      .option('domain', {
        type: 'string',
        requiresArg: true,
        describe: 'persistent_id of a domain of the handover',
      })
      .option('pgd', {
        type: 'string',
        requiresArg: true,
        describe: 'physical address of a top table; needs no handover',
      })
      .option('agaw', { type: 'string', requiresArg: true, describe: 'its number of levels minus 2' })
      .option('pasid', {
        type: 'string',
        requiresArg: true,
        describe: 'PASID of --device (default: that of requests without PASID)',
      })
      .option('iova', {
        type: 'string',
        requiresArg: true,
        describe: 'translate this address, showing every entry on the way',
      })
      .option('format', {
        type: 'string',
        requiresArg: true,
        default: 'table',
        describe: WALK_FORMATS.join(', '),
      })
      .example('kho walk memory.elf.gz --domain 1', 'merged runs, human-readable')
      .example('kho walk memory.elf.gz --domain 1 --format csv', 'iova,pa,size,access, one line per leaf')
      .example('kho walk core.elf --pgd 0x12340000 --agaw 2 --iova 0x200000', 'one address')
      .example('kho walk core.elf --regset iommu_regset', 'every device')
      .example(
        'kho walk core.elf --root 0x103027000 --device 3b:00.0 --format debugfs',
        'as debugfs shows it',
      ),
  handler: async (args) => {
    const format = WALK_FORMATS.find((name) => name === lastValue(args.format));
    if (format === undefined)
      throw new UsageError(`--format: "${lastValue(args.format)}" is not one of ${WALK_FORMATS.join(', ')}`);
    if (await walkedUnits(args, format)) return;
    if (format === 'debugfs') throw new UsageError('--format debugfs needs --root RTADDR or --regset FILE');
    await withTarget(args, async (target) => {
      refuseAbsent(args.dump ?? '', target);
      const iova = lastValue(args.iova);
      if (iova === undefined) await writeWalk(args, target, format);
      else await writeTranslation(args, target, parseNumber(iova, 'iova'));
    });
  },
};

/** Walks below a root table when one is named; tells whether it was. */
async function walkedUnits(args: WalkArguments, format: WalkFormat): Promise<boolean> {
  const device = vtdDevice(args);
  const pasidText = lastValue(args.pasid);
  if (pasidText !== undefined && device === undefined)
    throw new UsageError('--pasid needs --device [SSSS:]BB:DD.F');
  const units = await vtdUnits(args);
  if (units.length === 0) return false;
  if (args.domain !== undefined || args.pgd !== undefined || args.agaw !== undefined)
    throw new UsageError('--root and --regset go with --device, not with --domain, --pgd or --agaw');
  const iovaText = lastValue(args.iova);
  const pasid = pasidText === undefined ? undefined : parseSmall(pasidText, 'pasid', 0, 2 ** 20 - 1);
  const iova = iovaText === undefined ? undefined : parseNumber(iovaText, 'iova');
  const path = args.dump ?? '';
  await withMemory(path, loadOptions(args), async (memory) =>
    walkUnits(args, { path, memory, units, device, pasid, iova, format }),
  );
  return true;
}

async function withTarget(args: WalkArguments, use: (target: Target) => Promise<void>): Promise<void> {
  const path = args.dump ?? '';
  const domain = lastValue(args.domain);
  const pgd = lastValue(args.pgd);
  const agaw = lastValue(args.agaw);
  if ((domain === undefined) === (pgd === undefined))
    throw new UsageError(
      'walk needs --domain ID, --pgd ADDR with --agaw N, or --root RTADDR or --regset FILE',
    );
  if (domain !== undefined) {
    const id = parseNumber(domain, 'domain');
    await withDump(path, loadOptions(args), async ({ handover }) => use(domainTarget(path, handover, id)));
    return;
  }
  if (pgd === undefined || agaw === undefined)
    throw new UsageError('--pgd needs --agaw N, the number of levels minus 2');
  const root = parseNumber(pgd, 'pgd');
  const levels = parseSmall(agaw, 'agaw', 0, 3) + 2;
  if (root % 4096n !== 0n) throw new UsageError(`--pgd: ${hex(root)} is not page aligned`);
  await withMemory(path, loadOptions(args), async (memory) => use({ memory, root, levels }));
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
    const ids = (domains ?? []).map(({ persistentId, nodeName }) => persistentId ?? nodeName).join(', ');
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
  return { memory, root: root.pgd, levels: root.levels };
}

async function writeWalk(args: WalkArguments, target: Target, format: WalkFormat): Promise<void> {
  const entries = secondStageFormat(vtdSettings(args));
  const walk = walkTable({ ...target, format: entries });
  if (format === 'csv') await write(args, csvBytes(walk.batches));
  else if (format === 'json') await write(args, jsonDocument(walk, entries));
  else await write(args, tableOf(mergeRuns(walk.batches, entries)));
  const { anomalies } = walk.report();
  for (const anomaly of anomalies) message(args, `kho: ${anomalyText(anomaly)}`);
}

function* jsonDocument(
  walk: ReturnType<typeof walkTable>,
  format: ReturnType<typeof secondStageFormat>,
): Generator<string> {
  yield '{"schemaVersion":1,"runs":[\n';
  yield* jsonOf(mergeRuns(walk.batches, format));
  yield `\n],"diagnostics":${escapeJson(JSON.stringify(walk.report().anomalies.map(anomalyJson)))}}\n`;
}

async function writeTranslation(args: WalkArguments, target: Target, iova: bigint): Promise<void> {
  const translation = translate({ ...target, format: secondStageFormat(vtdSettings(args)) }, iova);
  await write(args, joined(translateLines(translation, secondStageEntry, paint(args))));
}
