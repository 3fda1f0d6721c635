/** `kho encode`: the JSON model → devicetree blob or ELF core. */
import type { CommandModule } from 'yargs';
import { encodeBlob } from '../encode/blob.js';
import { encodeElf } from '../encode/elf.js';
import { ModelError } from '../encode/from-json.js';
import { type Budget, createBudget } from '../memory/budget.js';
import { InputError } from '../memory/node/errors.js';
import { openInput } from '../memory/node/input.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { watchOther } from './budgets.js';
import { type CommonArguments, commonOptions, loadOptions, message, write } from './common.js';
import { withMemory } from './load.js';
import type { LoadOptions } from './load-options.js';
import { lastValue, oneOf, UsageError } from './numbers.js';
import { argument, type Given, withOptions } from './options.js';

const OPTIONS = {
  to: { default: 'dtb', describe: 'dtb: the devicetree blob; elf: a core with its memory' },
} as const;

type EncodeArguments = CommonArguments & Given<typeof OPTIONS> & { model: string | undefined };

/** JSON text has to be one string, and a string ends near 512 Mi characters. */
const MAX_MODEL = 512 * 1024 * 1024 - 1024;

export const encodeCommand: CommandModule<object, EncodeArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('model', argument('JSON of dump --format json; - is standard input'))
      .example('kho dump --format json kho.dtb | kho encode - -o copy.dtb', 'the same bytes')
      .example(
        "kho dump --format json kho.dtb | jq 'del(.fdt.tree)' | kho encode - -o fresh.dtb",
        "as the kernel's writer orders it",
      )
      .example(
        'kho encode model.json --to elf --memory memory.elf.gz -o new.elf',
        'a core, including what the model does not hold',
      ),
  handler: async (args) => {
    const to = oneOf(args.to, 'to', ['dtb', 'elf']);
    const output = lastValue(args.output);
    if (output === undefined && process.stdout.isTTY === true) {
      throw new UsageError('-o OUT is missing (a blob is not written to a terminal)');
    }
    const path = args.model ?? '';
    const load = loadOptions(args);
    const { document, budget } = await readJson(path, load);
    watchOther(path, budget);
    try {
      const messages =
        to === 'elf' ? await writeElf(args, document, budget) : await writeBlob(args, document);
      for (const text of messages) message(args, text);
    } catch (error) {
      if (error instanceof ModelError || error instanceof RangeError)
        throw new InputError(path, 'model', error.message);
      throw error;
    }
  },
};

async function writeBlob(args: EncodeArguments, document: unknown): Promise<readonly string[]> {
  const { bytes, messages } = encodeBlob(document);
  await write(args, [bytes]);
  return messages;
}

async function writeElf(
  args: EncodeArguments,
  document: unknown,
  budget: Budget,
): Promise<readonly string[]> {
  const { memory, ...load } = loadOptions(args);
  const encode = async (behind?: PhysicalMemory): Promise<readonly string[]> => {
    const { chunks, messages } = encodeElf(document, behind, budget.limit('output'));
    await write(args, chunks);
    return messages;
  };
  return memory === undefined ? encode() : withMemory(memory, load, encode);
}

/** Bytes of a document that count as more: in few words it says what takes megabytes. */
const TERSE = 1 << 20;

async function readJson(
  path: string,
  { spool: spoolDir, budget }: LoadOptions,
): Promise<{ document: unknown; budget: Budget }> {
  const input = await openInput(path, {
    ...(spoolDir === undefined ? {} : { spoolDir }),
    largest: () => MAX_MODEL,
  });
  try {
    const { size } = input.file;
    if (size > MAX_MODEL) {
      throw new InputError(
        path,
        'model-size',
        `${size} bytes are more JSON than one string holds (512 Mi characters)`,
      );
    }
    const bytes = new Uint8Array(size);
    const text = new TextDecoder().decode(bytes.subarray(0, input.file.readAt(0, size, bytes)));
    return { document: JSON.parse(text), budget: createBudget(Math.max(size, TERSE), budget) };
  } catch (error) {
    if (error instanceof SyntaxError) throw new InputError(path, 'json', `is not JSON: ${error.message}`);
    throw error;
  } finally {
    input.close();
  }
}
