/** The plan of a dump of the 2024 series from parameters. */
import { RFC } from '../versions/generations.js';
import { countOption, SynthError, type SynthOptions, shares } from './options.js';
import { createRandom, type Random } from './random.js';
import { interruptRoom } from './rfc-domains.js';
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
  if (blocks > MAX_FILES * FILE_BLOCKS) {
    throw new SynthError('guest-ram', 'more than 1T: guestmemfs lists 1024 files of 1 GiB each');
  }
  const domains = countOption(options, 'domains', Math.min(2, blocks), MAX_DOMAINS);
  // A domain without devices was never attached, or has come through a kexec already: not what is meant here.
  const devices = countOption(options, 'devices', 2, 256, 1);
  const areas = countOption(options, 'areas', 3, 1000, 1);
  const levels = countOption(options, 'levels', 4, 5, 3);
  if (blocks < domains) {
    throw new SynthError('domains', `${domains} need as many blocks of 2 MiB, but there are ${blocks}`);
  }
  if (domains * devices > 0x10000) throw new SynthError('devices', 'more than there are bus numbers');
  const parts = domains === 0 ? [] : shares(blocks, domains, 1, () => random.below(3));
  if (parts.some((part) => unmappedPages(part, levels) < 0)) {
    throw new SynthError('levels', `${levels} levels do not reach what a domain maps`);
  }
  const spare = spareFiles(options, blocks, parts, random);
  const fragmentation = options.fragmentation ?? 0.25;
  const small = blocks <= 8192;
  return {
    abi: RFC,
    release: '6.11.0-rc4',
    key: random.next() || 1,
    fragmentation,
    handles: random.chance(0.8),
    iommufds: iommufdsOf({ parts: spare.parts, devices, areas, levels, fragmentation, random }),
    spareFiles: spare.sizes,
    names: [...NAMES].slice(0, random.between(1, NAMES.length)),
    freeBlocks: random.between(1, 40),
    largePages: { size2M: true, size1G: random.chance(0.7) },
    stride: small ? random.between(1, 3) : 1,
    ftraceCpus: countOption(options, 'ftraceCpus', random.below(4), 256),
    contextTables: domains > 0,
  };
}

const NAMES = ['vm ', 'guest-', 'tenant.', ''] as const;

/**
 * The files that are not mapped, and what they leave to domains. They take little, and never a whole file of a domain.
 */
function spareFiles(
  options: SynthOptions,
  blocks: number,
  mapped: readonly number[],
  random: Random,
): { readonly sizes: readonly number[]; readonly parts: readonly number[] } {
  const needed = mapped.reduce((sum, part) => sum + Math.ceil(part / FILE_BLOCKS), 0);
  const least = mapped.length === 0 ? Math.ceil(blocks / FILE_BLOCKS) : needed;
  const files = countOption(options, 'files', Math.min(needed + 1, MAX_FILES), MAX_FILES);
  if (needed > MAX_FILES)
    throw new SynthError('domains', `they need ${needed} files, but at most ${MAX_FILES} are listed`);
  if (mapped.length === 0) {
    if (files === 0 && options.guestRam === undefined) return { sizes: [], parts: [] };
    const count = options.files === undefined ? least : files;
    if (count < least)
      throw new SynthError('files', `${count} of at most 1 GiB do not hold the guest memory`);
    return { sizes: sizesOf(blocks, count, random), parts: [] };
  }
  if (files < needed) throw new SynthError('files', `${files} are too few: domains map ${needed}`);
  const parts = [...mapped];
  const sizes = Array.from({ length: files - needed }, () => {
    const at = random.below(parts.length);
    const part = parts[at] ?? 0;
    const size = Math.min(random.below(8), Math.floor(((part - 1) % FILE_BLOCKS) / 2));
    parts[at] = part - size;
    return size;
  });
  return { sizes, parts };
}

/** Sizes in blocks that add up, none above that of a mapping page. */
function sizesOf(blocks: number, files: number, random: Random): number[] {
  let left = blocks;
  return shares(blocks, files, 0, () => random.below(3)).map((share, i) => {
    const size = Math.min(FILE_BLOCKS, left, Math.max(share, left - (files - i - 1) * FILE_BLOCKS));
    left -= size;
    return size;
  });
}

interface Shape {
  /** Blocks that each domain maps. */
  readonly parts: readonly number[];
  readonly devices: number;
  readonly areas: number;
  readonly levels: number;
  readonly fragmentation: number;
  readonly random: Random;
}

function iommufdsOf({ parts, devices, areas, levels, fragmentation, random }: Shape): IommufdPlan[] {
  let persistentId = 0;
  let device = random.below(64) * 8;
  // Bus, device and function have 16 bits, and no two domains have the same.
  const roomy = (parts.length * devices + 64) * 8 <= 0x10000;
  return parts.map((blocks, i): IommufdPlan => {
    persistentId += i === 0 ? 1 : 1 + random.below(3);
    const own: DevicePlan[] = [];
    for (let j = 0; j < devices; j++) {
      own.push({ bus: (device >>> 8) & 0xff, devfn: device & 0xff });
      device = (device + (roomy && random.chance(0.3) ? 8 : 1)) & 0xffff;
    }
    return {
      persistentId,
      agaw: levels - 2,
      devices: own,
      ioases: ioasesOf({ blocks, areas, levels, fragmentation, random }),
    };
  });
}

/** What an address space is made of. */
interface Space {
  readonly blocks: number;
  readonly areas: number;
  readonly levels: number;
  readonly fragmentation: number;
  readonly random: Random;
}

/** Pages of an address space that are left for gaps when it maps so many blocks, whatever the areas are. */
function unmappedPages(blocks: number, levels: number): number {
  const largest = Math.min(blocks, FILE_BLOCKS) * BLOCK_PAGES;
  return 2 ** (9 * levels) - blocks * BLOCK_PAGES - interruptRoom(largest);
}

/** One IOAS for each file: only the last pinned file of an IOAS is handed over. */
function ioasesOf({ blocks, areas, levels, fragmentation, random }: Space): IoasPlan[] {
  const files = Math.ceil(blocks / FILE_BLOCKS);
  const sizes = Array.from({ length: files }, (_, i) =>
    i < files - 1 ? FILE_BLOCKS : blocks - (files - 1) * FILE_BLOCKS,
  );
  // Gaps that make the areas fit whatever their sizes are, one block to align each.
  const room = Math.floor(unmappedPages(blocks, levels) / (files * areas)) - BLOCK_PAGES;
  let iova = 0;
  const place = (offset: number): number => {
    if (room < 0) return 0;
    // The first area stays low: the walk of the series starts at the first top entry.
    const gap = Math.min(iova === 0 ? random.below(2) * BLOCK_PAGES : gapOf(random), room);
    if (random.chance(fragmentation / 4)) return gap;
    // As memory slots of guests are: large leaves fit.
    return gap + ((((offset - iova - gap) % BLOCK_PAGES) + BLOCK_PAGES) % BLOCK_PAGES);
  };
  return sizes.map((size): IoasPlan => {
    const pages = size * BLOCK_PAGES;
    const lengths = shares(pages, Math.min(areas, pages), 1, () => random.below(4));
    let offset = 0;
    return {
      blocks: size,
      areas: lengths.map((length, i): AreaPlan => {
        const last = i === lengths.length - 1;
        const start = offset;
        const border = start + length;
        // Borders are mostly those of blocks.
        const rounded = border - (border % BLOCK_PAGES);
        const end = last ? pages : random.chance(0.9) && rounded > start ? rounded : border;
        const gap = place(start);
        offset = end;
        iova += gap + end - start;
        return { gap, offset: start, pages: end - start, prot: random.chance(0.85) ? 7 : 5 };
      }),
    };
  });
}

function gapOf(random: Random): number {
  return random.pick([0, 0, 0, BLOCK_PAGES, 512 * BLOCK_PAGES, random.below(64)]);
}
