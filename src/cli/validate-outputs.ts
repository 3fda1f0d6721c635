/** The outputs of one `kho validate`: standard output or `-o FILE`, and any number of `--output FORMAT=FILE`. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { writeFileAtomic } from '../memory/node/output.js';
import type { FileContent } from '../report/finding-places.js';
import { jsonChunks } from '../report/json-chunks.js';
import { DEFAULT_JUDGEMENT, type Judgement } from '../report/judgement.js';
import { type Paint, plain } from '../report/paint.js';
import type { PlacedDump } from '../report/sarif.js';
import type { ValidatedDump } from '../report/validate-json.js';
import { validateLines } from '../report/validate-text.js';
import { catalogue } from '../validate/catalogue.js';
import type { ValidationResult } from '../validate/run.js';
import { counted } from '../validate/text.js';
import { withinBudget } from './budgets.js';
import { type CommonArguments, forPeople, joined, paint } from './common.js';
import type { LoadedDump } from './load.js';
import { lastValue, UsageError } from './numbers.js';
import { packageVersion } from './version.js';

/** Formats of a validation's result. */
export const VALIDATE_FORMATS = ['text', 'json', 'sarif', 'junit', 'ktap'] as const;
type Format = (typeof VALIDATE_FORMATS)[number];

/** Bytes that a format has at most for what the rules are, whatever the input. */
const CATALOGUE = 4096 * catalogue.length;

interface Output {
  readonly format: Format;
  /** `-` is standard output. */
  readonly file: string;
  readonly paint: Paint;
  /** Text is made while the dump is open. */
  readonly lines: string[];
}

/** Gathers the results of the dumps and writes each output as a whole. */
export interface Reports {
  /** @param dump still open, for its text; absent when it could not be read */
  add(validated: ValidatedDump, dump?: LoadedDump): Promise<void>;
  /** @throws OutputError when a file cannot be written */
  write(): Promise<void>;
}

/**
 * Reads `--format` and `--output`.
 *
 * @throws UsageError for an unknown format, or two outputs to one file
 */
export function createReports(
  args: CommonArguments & {
    readonly format: string | string[] | undefined;
    readonly all?: boolean | undefined;
    readonly skipped?: boolean | undefined;
  },
  judgement: Judgement = DEFAULT_JUDGEMENT,
): Reports {
  const outputs = outputsOf(args);
  const dumps: PlacedDump[] = [];
  const wantsPlaces = outputs.some(({ format }) => format === 'sarif');
  return {
    async add(validated, dump) {
      const { result, path, baseline } = validated;
      if (result === undefined || dump === undefined) {
        dumps.push(validated);
        return;
      }
      dumps.push(wantsPlaces ? { ...validated, places: await placesOf(path, result, dump) } : validated);
      for (const { format, paint, lines } of outputs) {
        if (format !== 'text') continue;
        if (lines.length > 0) lines.push('');
        for (const line of validateLines(path, dump.handover, result, catalogue, {
          paint,
          all: args.all === true,
          skipped: args.skipped === true,
        }))
          lines.push(line);
        if (baseline !== undefined) {
          const { known, gone } = baseline;
          lines.push(
            `baseline: ${counted(known, 'known finding')} left out, ${gone} of the baseline not found`,
          );
        }
      }
    },
    async write() {
      for (const output of outputs)
        await writeFileAtomic(output.file, withinBudget(await chunks(output, dumps, judgement), CATALOGUE));
    },
  };
}

async function placesOf(path: string, { findings }: ValidationResult, { handover }: LoadedDump) {
  const { findingPlaces } = await import('../report/finding-places.js');
  return findingPlaces(handover, findings, await contentOf(path));
}

/** What a format is made with is loaded when it is asked for: a short run spends most of its time on loading. */
async function chunks(
  { format, lines, file }: Output,
  dumps: readonly PlacedDump[],
  judgement: Judgement,
): Promise<Iterable<string>> {
  switch (format) {
    case 'text':
      return file === '-' ? forPeople({ output: undefined }, lines) : joined(lines);
    case 'json': {
      const { validateJson } = await import('../report/validate-json.js');
      return jsonChunks(validateJson(dumps));
    }
    case 'sarif': {
      const { sarifLog } = await import('../report/sarif.js');
      return jsonChunks(sarifLog(dumps, catalogue, packageVersion(), judgement));
    }
    case 'junit':
      return joined((await import('../report/junit.js')).junitLines(dumps, catalogue, judgement));
    case 'ktap':
      return joined((await import('../report/ktap.js')).ktapLines(dumps, catalogue, judgement));
  }
}

function outputsOf(args: CommonArguments & { readonly format: string | string[] | undefined }): Output[] {
  const format = formatOf(lastValue(args.format) ?? 'text', '--format');
  const given =
    args.output === undefined ? [] : typeof args.output === 'string' ? [args.output] : args.output;
  const files: string[] = [];
  const more: Output[] = [];
  for (const text of given) {
    const [, name, file = ''] = /^([a-z]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) {
      files.push(text);
      continue;
    }
    const named = formatOf(name, `--output ${text}`);
    if (file === '' || file === '-') {
      throw new UsageError(`--output ${text}: name a file; --format ${named} is for standard output`);
    }
    more.push({ format: named, file, paint: plain, lines: [] });
  }
  const [file, second] = files;
  if (second !== undefined) {
    throw new UsageError(`--output: "${second}" is a second file for one result; FORMAT=FILE adds outputs`);
  }
  const main = {
    format,
    file: file ?? '-',
    paint: paint({ ...args, output: file }),
    lines: [],
  };
  const paths = [main, ...more].map((output) => resolve(output.file));
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw new UsageError(`--output: two outputs go to ${twice}`);
  return [main, ...more];
}

function formatOf(text: string, option: string): Format {
  const format = VALIDATE_FORMATS.find((name) => name === text);
  if (format === undefined) {
    throw new UsageError(`${option}: "${text}" is not one of ${VALIDATE_FORMATS.join(', ')}`);
  }
  return format;
}

const MAGIC: ReadonlyMap<string, FileContent> = new Map([
  ['d00dfeed', 'blob'],
  ['7f454c46', 'core'],
]);

/** Whether offsets in the dump are offsets in its file: not in folders, streams and packed files. */
async function contentOf(path: string): Promise<FileContent> {
  if (path === '-') return 'other';
  try {
    const file = await open(path);
    try {
      if (!(await file.stat()).isFile()) return 'other';
      const { buffer } = await file.read(new Uint8Array(4), 0, 4, 0);
      return MAGIC.get(Array.from(buffer, (byte) => byte.toString(16).padStart(2, '0')).join('')) ?? 'other';
    } finally {
      await file.close();
    }
  } catch {
    return 'other';
  }
}
