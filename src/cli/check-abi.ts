/** `kho check-abi`: whether a kernel's own types are those that the schemas describe. */
import type { CommandModule } from 'yargs';
import { compareStructs, type StructVerdict } from '../btf/compare.js';
import type { StructLimit } from '../btf/layout.js';
import { type Btf, isBtf, parseBtf } from '../btf/parse.js';
import { MAX_BTF, readBtfSection } from '../btf/section.js';
import { InputError } from '../memory/node/errors.js';
import { type OpenedInput, openInput } from '../memory/node/input.js';
import { recogniseKind } from '../memory/node/recognise.js';
import { recordTypes } from '../records/index.js';
import { type AbiSummary, checkAbiLines } from '../report/check-abi-text.js';
import { jsonChunks } from '../report/json-chunks.js';
import type { RecordType } from '../schema/record.js';
import { HANDLER_STRUCTS } from '../structures/bound-records.js';
import { expectedStructs } from '../versions/structs.js';
import { type CommonArguments, commonOptions, joined, message, paint, STATUS, write } from './common.js';
import { lastValue, oneOf, UsageError } from './numbers.js';
import { argument, type Given, TEXT_OR_JSON, withOptions } from './options.js';

const OPTIONS = {
  format: TEXT_OR_JSON,
  release: "the kernel's release, e.g. 7.3 (default: the one with the best-matching structs)",
} as const;

type CheckArguments = CommonArguments & Given<typeof OPTIONS> & { vmlinux: string | undefined };

/** Schemas of what is not part of a handover's state: containers and hardware. */
const FOREIGN: ReadonlySet<string> = new Set(['btf', 'elf', 'fdt', 'kdump', 'makedumpfile', 'vtd']);
/** Schemas of the 2024 series alone; other kernels have structs of these names for other purposes. */
const SERIES_2024: ReadonlySet<string> = new Set(['dmar_domain', 'ftrace', 'guestmemfs', 'iommufd']);
/** A struct that kernels of the 2024 series have and no other. */
const MARK_2024 = 'kho_mem';
/** Structs that every x86 kernel has, with a handover or without: bootparam.h and setup_data.h are its ABI with loaders. */
const BOOT: ReadonlySet<string> = new Set(['boot_params', 'setup_data', 'kho_data']);

export const checkAbiCommand: CommandModule<object, CheckArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('vmlinux', argument('vmlinux with a .BTF section, or /sys/kernel/btf/vmlinux'))
      .example('kho check-abi /sys/kernel/btf/vmlinux', 'the running kernel')
      .example(
        'kho check-abi vmlinux --format json',
        'for CI: exit status 1 when a struct differs, 2 when one is missing',
      ),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', ['text', 'json']);
    const path = args.vmlinux ?? '';
    const btf = await readTypes(path, lastValue(args.spool));
    for (const problem of btf.problems) message(args, `${path}: ${problem}`);
    const release = releaseOf(lastValue(args.release));
    const limit: StructLimit = { reached: false };
    const found = verdicts(btf, limit);
    if (limit.reached)
      throw new InputError(
        path,
        'budget-btf',
        "the types of the handover's structs have more members than any kernel's",
      );
    if (!found.some(({ name, verdict }) => verdict !== 'absent' && !BOOT.has(name))) {
      throw new InputError(
        path,
        'no-structs',
        "has none of the handover's structs: the kernel was built without it",
      );
    }
    const { structs, summary } = withMissing(found, release);
    await write(
      args,
      format === 'json'
        ? jsonChunks({ schemaVersion: 1, path, ...summary, structs })
        : joined(checkAbiLines(structs, summary, paint(args))),
    );
    if (summary.missing.length > 0) {
      const names = summary.missing.map((name) => `struct ${name}`).join(', ');
      message(
        args,
        `${path}: ${names}: not in this kernel, though other kernels of its release have it (renamed?)`,
      );
      process.exitCode = STATUS.unusable;
    } else process.exitCode = summary.differing > 0 ? STATUS.findings : STATUS.clean;
  },
};

function releaseOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const release = /^([0-9]+\.[0-9]+)(?:$|[.-])/.exec(text)?.[1];
  if (release !== undefined && expectedStructs(new Set(), HANDLER_STRUCTS, release) !== undefined)
    return release;
  throw new UsageError(`--release: "${text}" is not a release with known structs (6.16 to 7.4)`);
}

/** Tells structs that the kernel should have from those that it need not have. */
function withMissing(
  found: readonly StructVerdict[],
  release: string | undefined,
): { structs: StructVerdict[]; summary: AbiSummary } {
  const present = new Set(found.filter(({ verdict }) => verdict !== 'absent').map(({ name }) => name));
  // Kernels of the 2024 series have other structs, and a table of none.
  const expected = present.has(MARK_2024) ? undefined : expectedStructs(present, HANDLER_STRUCTS, release);
  const names = new Set(expected?.names);
  const structs = found.map((each) =>
    each.verdict === 'absent' && names.has(each.name) ? { ...each, verdict: 'missing' as const } : each,
  );
  const named = (...wanted: StructVerdict['verdict'][]) =>
    structs.filter(({ verdict }) => wanted.includes(verdict)).map(({ name }) => name);
  const summary = {
    releases: expected?.set.releases ?? ['6.7 with the series of 2024'],
    compared: named('ok', 'moved', 'size').length,
    differing: named('moved', 'size').length,
    missing: named('missing'),
  };
  return { structs, summary };
}

function verdicts(btf: Btf, limit: StructLimit): StructVerdict[] {
  const records = recordTypes.filter(({ file }) => !FOREIGN.has(file));
  const isOld = ({ file }: RecordType<unknown>): boolean => SERIES_2024.has(file);
  const known = compareStructs(
    btf,
    records.filter((record) => !isOld(record)),
    limit,
  );
  const series = known.some(({ name, verdict }) => name === MARK_2024 && verdict !== 'absent');
  return series ? [...known, ...compareStructs(btf, records.filter(isOld), limit)] : known;
}

async function readTypes(path: string, spoolDir: string | undefined): Promise<Btf> {
  const input = await openInput(path, {
    ...(spoolDir === undefined ? {} : { spoolDir }),
    largest: (start) => (recogniseKind(start) === 'elf' ? Number.POSITIVE_INFINITY : MAX_BTF),
  });
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
  if (file.size > MAX_BTF) return `has ${file.size} bytes of BTF, which is implausible`;
  const bytes = new Uint8Array(file.size);
  return bytes.subarray(0, file.readAt(0, bytes.length, bytes));
}
