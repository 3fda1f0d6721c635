/** The plan of a dump of the 2024 series from parameters. */
import { countOption, SynthError, type SynthOptions, shares } from './options.js';
import { createRandom, type Random } from './random.js';
import type { AreaPlan, DevicePlan, IoasPlan, IommufdPlan, RfcPlan } from './rfc-plan.js';

const BLOCK = 0x200000;
const BLOCK_PAGES = 512;
/** A mapping page has this many entries. */
const FILE_BLOCKS = 512;
/** Elements of the mappings_to_inode page. */
const MAX_FILES = 1024;
/** The build buffer of the tree (dt_max) is 10 MiB; a domain lists its table pages in 16 bytes each. */
const MAX_DOMAINS = 1000;
const GIB = 1n << 30n;

/**
 * @throws SynthError for parameters that the format cannot hold
 */
export function rfcPlan(options: SynthOptions): RfcPlan {
  const seed = options.seed ?? 0n;
  const random = createRandom(seed, 0x2024);
  const guestRam = options.guestRam ?? GIB;
  if (guestRam % BigInt(BLOCK) !== 0n) throw new SynthError('guest-ram', 'not a number of 2 MiB blocks');
  const blocks = Number(guestRam / BigInt(BLOCK));
  const least = Math.ceil(blocks / FILE_BLOCKS);
  if (blocks > MAX_FILES * FILE_BLOCKS) {
    throw new SynthError('guest-ram', 'more than 1T: guestmemfs lists 1024 files of 1 GiB each');
  }
  const domains = countOption(options, 'domains', Math.min(2, blocks), MAX_DOMAINS);
  const spare = countOption(
    options,
    'files',
    blocks > domains && least + domains < MAX_FILES ? 1 : 0,
    MAX_FILES,
  );
  // A domain without devices was never attached, or has come through a kexec already: not what is meant here.
  const devices = countOption(options, 'devices', 2, 256, 1);
  const areas = countOption(options, 'areas', 3, 1000, 1);
  const levels = countOption(options, 'levels', 4, 5, 3);
  const files = Math.max(domains, domains === 0 ? 0 : least) + spare;
  if (files > MAX_FILES) throw new SynthError('files', `with the mapped ones ${files}, at most ${MAX_FILES}`);
  if (blocks < domains)
    throw new SynthError('domains', `${domains} need as many blocks of 2 MiB, there are ${blocks}`);
  if (domains === 0 && spare === 0 && options.guestRam !== undefined) {
    throw new SynthError('guest-ram', 'there is no file to hold it: --domains and --files are 0');
  }
  if (domains * devices > 0x10000) throw new SynthError('devices', 'more than there are bus numbers');
  const spareBlocks = spareSizes(blocks, spare, domains, random);
  const left = blocks - spareBlocks.reduce((sum, each) => sum + each, 0);
  if (left > 0 && domains === 0) {
    throw new SynthError('files', `${spare} of at most 1 GiB do not hold ${guestRam} bytes`);
  }
  const small = blocks <= 8192;
  return {
    abi: 'rfc-2024',
    release: '6.11.0-rc4',
    key: random.next() || 1,
    fragmentation: options.fragmentation ?? 0.25,
    handles: random.chance(0.8),
    iommufds: iommufdsOf({ domains, devices, areas, levels, left, random }),
    spareFiles: spareBlocks,
    names: [...NAMES].slice(0, random.between(1, NAMES.length)),
    freeBlocks: random.between(1, 40),
    largePages: { size2M: true, size1G: random.chance(0.7) },
    stride: small ? random.between(1, 3) : 1,
    ftraceCpus: countOption(options, 'ftraceCpus', random.below(4), 256),
    contextTables: domains > 0,
  };
}

const NAMES = ['vm ', 'guest-', 'tenant.', ''] as const;

/** Blocks of the files that nobody maps: a small part while domains take the rest. */
function spareSizes(blocks: number, spare: number, domains: number, random: Random): number[] {
  if (spare === 0) return [];
  if (domains === 0) {
    return shares(blocks, spare, 0, () => random.below(3)).map((each) => Math.min(FILE_BLOCKS, each));
  }
  let room = Math.max(0, Math.floor((blocks - domains) / 8));
  return Array.from({ length: spare }, () => {
    const size = Math.min(random.below(8), room);
    room -= size;
    return size;
  });
}

interface Shape {
  readonly domains: number;
  readonly devices: number;
  readonly areas: number;
  readonly levels: number;
  /** Blocks to be mapped. */
  readonly left: number;
  readonly random: Random;
}

function iommufdsOf({ domains, devices, areas, levels, left, random }: Shape): IommufdPlan[] {
  let persistentId = 0;
  let device = random.below(64) * 8;
  return shares(left, domains, 1, () => random.below(3)).map((blocks, i): IommufdPlan => {
    persistentId += i === 0 ? 1 : 1 + random.below(3);
    const own: DevicePlan[] = [];
    for (let j = 0; j < devices; j++) {
      own.push({ bus: (device >>> 8) & 0xff, devfn: device & 0xff });
      device = (device + (random.chance(0.3) ? 8 : 1)) & 0xffff;
    }
    return { persistentId, agaw: levels - 2, devices: own, ioases: ioasesOf(blocks, areas, levels, random) };
  });
}

/** One IOAS for each file: only the last pinned file of an IOAS is handed over. */
function ioasesOf(blocks: number, areas: number, levels: number, random: Random): IoasPlan[] {
  const files = Math.ceil(blocks / FILE_BLOCKS);
  const sizes = Array.from({ length: files }, (_, i) =>
    i < files - 1 ? FILE_BLOCKS : blocks - (files - 1) * FILE_BLOCKS,
  );
  const span = 2 ** (9 * levels);
  const room = Math.max(0, Math.floor((span - blocks * BLOCK_PAGES * 2) / (files * areas * 2)));
  return sizes.map((size): IoasPlan => {
    const pages = size * BLOCK_PAGES;
    const count = Math.min(areas, pages);
    let offset = 0;
    return {
      blocks: size,
      areas: shares(pages, count, 1, () => random.below(4)).map((length, i): AreaPlan => {
        // Borders of areas are mostly those of blocks, as memory slots of guests are.
        const rounded =
          i < count - 1 && random.chance(0.8) && length > BLOCK_PAGES
            ? length - (length % BLOCK_PAGES)
            : length;
        const area = {
          gap: Math.min(gapOf(random), room),
          offset,
          pages: rounded,
          prot: random.chance(0.85) ? 7 : 5,
        };
        offset += length;
        return area;
      }),
    };
  });
}

function gapOf(random: Random): number {
  return random.pick([0, 0, 0, BLOCK_PAGES, 512 * BLOCK_PAGES, random.below(64)]);
}
