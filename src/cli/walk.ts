/** `kho walk`: what page tables translate, or what they make of one address. */
import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import { InputError } from '../memory/node/errors.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { translateLines } from '../report/translate-text.js';
import { hex } from '../schema/units.js';
import { rootOf } from '../validate/run.js';
import { secondStageEntry, secondStageFormat } from '../vtd/second-stage.js';
import { csvOf } from '../vtd/text/csv.js';
import { jsonOf, tableOf } from '../vtd/text/table.js';
import type { WalkAnomaly } from '../vtd/walk/anomaly.js';
import type { LeafBatch } from '../vtd/walk/batch.js';
import { mergeRuns } from '../vtd/walk/runs.js';
import { translate } from '../vtd/walk/translate.js';
import { walkTable } from '../vtd/walk/walk.js';
import { type CommonArguments, commonOptions, joined, loadOptions, message, paint, write } from './common.js';
import { withDump, withMemory } from './load.js';
import { lastValue, parseNumber, parseSmall, UsageError } from './numbers.js';
import { type VtdArguments, vtdOptions, vtdSettings } from './vtd-settings.js';

type Text = string | string[] | undefined;

interface WalkArguments extends CommonArguments, VtdArguments {
  dump: string | undefined;
  domain: Text;
  pgd: Text;
  agaw: Text;
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

const FORMATS = ['table', 'csv', 'json'] as const;
type Format = (typeof FORMATS)[number];

export const walkCommand: CommandModule<object, WalkArguments> = {
  command: 'walk <dump>',
  describe: 'walk the page tables of a domain',
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
      .option('iova', {
        type: 'string',
        requiresArg: true,
        describe: 'translate this address, showing every entry on the way',
      })
      .option('format', { type: 'string', requiresArg: true, default: 'table', describe: FORMATS.join(', ') })
      .example('kho walk memory.elf.gz --domain 1', 'merged runs, for people')
      .example('kho walk memory.elf.gz --domain 1 --format csv', 'iova,pa,size,access, one line a leaf')
      .example('kho walk core.elf --pgd 0x12340000 --agaw 2 --iova 0x200000', 'one address'),
  handler: async (args) => {
    const format = FORMATS.find((name) => name === lastValue(args.format));
    if (format === undefined)
      throw new UsageError(`--format: "${lastValue(args.format)}" is not one of ${FORMATS.join(', ')}`);
    await withTarget(args, async (target) => {
      const iova = lastValue(args.iova);
      if (iova === undefined) await writeWalk(args, target, format);
      else await writeTranslation(args, target, parseNumber(iova, 'iova'));
    });
  },
};

async function withTarget(args: WalkArguments, use: (target: Target) => Promise<void>): Promise<void> {
  const path = args.dump ?? '';
  const domain = lastValue(args.domain);
  const pgd = lastValue(args.pgd);
  const agaw = lastValue(args.agaw);
  if ((domain === undefined) === (pgd === undefined))
    throw new UsageError('walk needs --domain ID, or --pgd ADDR with --agaw N');
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

function domainTarget(path: string, handover: Handover, id: bigint): Target {
  const { memory, domains } = handover;
  const domain = domains?.find(({ persistentId }) => persistentId === id);
  if (domain === undefined) {
    const ids = (domains ?? []).map(({ persistentId, nodeName }) => persistentId ?? nodeName).join(', ');
    throw new InputError(path, 'no-domain', `has no domain ${id}${ids === '' ? '' : `; there are ${ids}`}`);
  }
  if (memory === undefined)
    throw new InputError(
      path,
      'no-memory',
      'is a devicetree blob; name the memory behind it with --memory FILE',
    );
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

async function writeWalk(args: WalkArguments, target: Target, format: Format): Promise<void> {
  const entries = secondStageFormat(vtdSettings(args));
  const walk = walkTable({ ...target, format: entries });
  if (format === 'csv') await write(args, csvOf(walk.batches));
  else if (format === 'json') await write(args, jsonDocument(walk.batches, entries));
  else await write(args, tableOf(mergeRuns(walk.batches, entries)));
  const { anomalies } = walk.report();
  for (const anomaly of anomalies) message(args, anomalyText(anomaly));
}

function* jsonDocument(
  batches: Iterable<LeafBatch>,
  format: ReturnType<typeof secondStageFormat>,
): Generator<string> {
  yield '{"schemaVersion":1,"runs":[\n';
  yield* jsonOf(mergeRuns(batches, format));
  yield '\n]}\n';
}

/** One line on standard error for what the walk noticed; `kho validate` judges it. */
function anomalyText(anomaly: WalkAnomaly): string {
  const { kind, level, entryAddress, entry, table, iova, iovaEnd, count } = anomaly;
  const at =
    entryAddress === undefined ? 'root' : `entry ${hex(entry)} at ${hex(entryAddress)} (level ${level})`;
  const to = table === undefined ? '' : `, table ${hex(table)}`;
  return `kho: ${kind}: ${at}${to}, IOVA ${hex(iova)}-${hex(iovaEnd)}${count > 1 ? `, ${count} times` : ''}`;
}

async function writeTranslation(args: WalkArguments, target: Target, iova: bigint): Promise<void> {
  const translation = translate({ ...target, format: secondStageFormat(vtdSettings(args)) }, iova);
  await write(args, joined(translateLines(translation, secondStageEntry, paint(args))));
}
