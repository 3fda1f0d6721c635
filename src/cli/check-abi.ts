/** `kho check-abi`: whether a kernel's own types are those that the schemas describe. */
import type { CommandModule } from 'yargs';
import { compareStructs, type StructVerdict } from '../btf/compare.js';
import { type Btf, isBtf, parseBtf } from '../btf/parse.js';
import { MAX_BTF, readBtfSection } from '../btf/section.js';
import { InputError } from '../memory/node/errors.js';
import { type OpenedInput, openInput } from '../memory/node/input.js';
import { recordTypes } from '../records/index.js';
import { checkAbiLines } from '../report/check-abi-text.js';
import { jsonChunks } from '../report/json-chunks.js';
import type { RecordType } from '../schema/record.js';
import { type CommonArguments, commonOptions, joined, message, paint, STATUS, write } from './common.js';
import { lastValue, UsageError } from './numbers.js';

interface CheckArguments extends CommonArguments {
  vmlinux: string | undefined;
  format: string | string[] | undefined;
}

/** Schemas of what is no state of a handover: containers and hardware. */
const FOREIGN: ReadonlySet<string> = new Set(['btf', 'elf', 'fdt', 'kdump', 'makedumpfile', 'vtd']);
/** Schemas of the 2024 series alone; other kernels have structs of these names for other purposes. */
const SERIES_2024: ReadonlySet<string> = new Set(['dmar_domain', 'ftrace', 'guestmemfs', 'iommufd']);
/** A struct that kernels of the 2024 series have and no other. */
const MARK_2024 = 'kho_mem';
/** Structs that every x86 kernel has, with a handover or without. */
const BOOT: ReadonlySet<string> = new Set(['boot_params', 'setup_data']);

export const checkAbiCommand: CommandModule<object, CheckArguments> = {
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('vmlinux', {
        type: 'string',
        demandOption: true,
        describe: 'vmlinux with a .BTF section, or /sys/kernel/btf/vmlinux',
      })
      .option('format', { type: 'string', requiresArg: true, default: 'text', describe: 'text or json' })
      .example('kho check-abi /sys/kernel/btf/vmlinux', 'the running kernel')
      .example('kho check-abi vmlinux --format json', 'for CI: exit status 1 when a struct differs'),
  handler: async (args) => {
    const format = lastValue(args.format) ?? 'text';
    if (format !== 'text' && format !== 'json') {
      throw new UsageError(`--format: "${format}" is not text or json`);
    }
    const path = args.vmlinux ?? '';
    const btf = await readTypes(path, lastValue(args.spool));
    for (const problem of btf.problems) message(args, `${path}: ${problem}`);
    const structs = verdicts(btf);
    if (!structs.some(({ name, verdict }) => verdict !== 'absent' && !BOOT.has(name))) {
      throw new InputError(
        path,
        'no-structs',
        'has none of the handover’s structs: the kernel was built without it',
      );
    }
    await write(
      args,
      format === 'json'
        ? jsonChunks({ schemaVersion: 1, path, structs })
        : joined(checkAbiLines(structs, paint(args))),
    );
    const differs = structs.some(({ verdict }) => verdict === 'moved' || verdict === 'size');
    process.exitCode = differs ? STATUS.findings : STATUS.clean;
  },
};

function verdicts(btf: Btf): StructVerdict[] {
  const records = recordTypes.filter(({ file }) => !FOREIGN.has(file));
  const isOld = ({ file }: RecordType<unknown>): boolean => SERIES_2024.has(file);
  const known = compareStructs(
    btf,
    records.filter((record) => !isOld(record)),
  );
  const series = known.some(({ name, verdict }) => name === MARK_2024 && verdict !== 'absent');
  return series ? [...known, ...compareStructs(btf, records.filter(isOld))] : known;
}

async function readTypes(path: string, spoolDir: string | undefined): Promise<Btf> {
  const input = await openInput(path, spoolDir === undefined ? {} : { spoolDir });
  try {
    const bytes = typeBytes(input);
    const btf = typeof bytes === 'string' ? bytes : parseBtf(bytes);
    if (typeof btf === 'string') throw new InputError(path, 'btf', btf);
    return btf;
  } finally {
    input.close();
  }
}

function typeBytes({ kind, file, head }: OpenedInput): Uint8Array | string {
  if (kind === 'elf') return readBtfSection(file);
  if (!isBtf(head)) return 'is neither an ELF file nor BTF';
  if (file.size > MAX_BTF) return `has ${file.size} bytes of BTF, which is not believed`;
  const bytes = new Uint8Array(file.size);
  return bytes.subarray(0, file.readAt(0, bytes.length, bytes));
}
