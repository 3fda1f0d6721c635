/** The plan of an upstream handover from parameters. */
import type { LuoVersion } from '../abi/upstream/model.js';
import { subjectByKey } from '../structures/index.js';
import type { UpstreamGeneration } from '../structures/root/tree.js';
import { FACTS } from '../versions/generations.js';
import { DEVELOPED, RELEASED, type WrittenForms } from '../versions/written.js';
import { MOST_ENDPOINTS } from './iommu/topology.js';
import { handlerForm, luoLimits } from './luo.js';
import { formsNamed } from './more.js';
import { countOption, SynthError, type SynthOptions, shares } from './options.js';
import { createRandom, type Random } from './random.js';
import type { FilePlan, LuoPlan, ReservePlan, SessionPlan, UpstreamPlan } from './upstream-plan.js';

const GIB = 1n << 30n;
/** Bytes of guest memory that a plan may have; what is kept for it grows to 4 MiB. */
const MAX_RAM = 1n << 46n;
/** Pages that a file may have for the kernel's writer. */
const MAX_FILE_PAGES = 2 ** 32 - 1;
const TEST_FLB_DATA = 0xfeedf00dcafebee0n;

/**
 * @throws SynthError for parameters that the format cannot hold
 */
export function upstreamPlan(options: SynthOptions & { readonly abi: UpstreamGeneration }): UpstreamPlan {
  const { abi } = options;
  const random = createRandom(options.seed ?? 0n, 0x616);
  const pageSize = options.pageSize ?? 4096;
  if (FACTS[abi].shortKey === true && pageSize === 16384) {
    throw new SynthError(
      'page-size',
      `the map of ${abi} cannot hold single pages of 16k (4 levels are too few)`,
    );
  }
  const forms = formsOf(options);
  const { release, luo: own } = forms;
  const reserveMem = countOption(options, 'reserveMem', 2, 8);
  const testFolios = countOption(options, 'testFolios', forms.khoTest === undefined ? 0 : 6, 4096);
  if (testFolios > 0 && forms.khoTest === undefined) {
    throw new SynthError('test-folios', `Linux ${release} has no kho_test`);
  }
  if (own === undefined) {
    const asked = (
      ['luo', 'sessions', 'files', 'guestRam', 'flbs', 'holes', 'domains', 'with'] as const
    ).find((key) => options[key] !== undefined);
    if (asked !== undefined) {
      const name = asked === 'guestRam' ? 'guest-ram' : asked;
      throw new SynthError(name, `Linux ${release} has no LUO, and so no files`);
    }
  }
  return {
    abi,
    release: fullRelease(release, random),
    pageSize,
    map: forms.map,
    editedTree: forms.editedTree,
    key: random.next(),
    fragmentation: options.fragmentation ?? 0.25,
    ...(own === undefined
      ? {}
      : withIommu(options, luoPlan(options, luoOf(options, own), pageSize, random), pageSize, random)),
    ...(options.with === undefined ? {} : { more: moreOf(options.with, forms) }),
    reserveMem: Array.from({ length: reserveMem }, (_, i) => reservePlan(i, random)),
    ...(forms.kexecMetadata ? { kexecCount: random.between(1, 20) } : {}),
    ...(testFolios > 0 && forms.khoTest !== undefined
      ? {
          khoTest: {
            form: forms.khoTest,
            orders: Array.from({ length: testFolios }, () => random.below(4)),
          },
        }
      : {}),
    scratchNodes: random.between(1, 4),
  };
}

/** Options that say something of an IOMMU state that --domains asks for. */
const OF_DOMAINS = ['devices', 'unattached', 'units', 'stage', 'deleted', 'leaves', 'levels'] as const;
/** Entries of a unit's table of domain ids, and the most that iommu-v1 of LUO's arrays holds. */
const MOST_DOMAINS = 0xff00;
const MOST_UNITS = 64;

/** The plan of an IOMMU state, where domains are asked for: the files that domains map are sealed as the writer demands. */
function withIommu(
  options: SynthOptions,
  luo: LuoPlan,
  pageSize: number,
  random: Random,
): Pick<UpstreamPlan, 'luo' | 'iommu'> {
  const domains = countOption(options, 'domains', 0, MOST_DOMAINS);
  if (domains === 0) {
    const other = OF_DOMAINS.find((key) => options[key] !== undefined);
    if (other !== undefined) throw new SynthError(other, 'goes with --domains');
    return { luo };
  }
  if (!luo.flbPage) throw new SynthError('domains', 'IOMMU state is kept by an FLB, and Linux 6.19 has none');
  const unattached = countOption(options, 'unattached', 0, domains);
  const attached = domains - unattached;
  const devices = countOption(options, 'devices', 1, Math.floor(MOST_ENDPOINTS / Math.max(1, attached)), 1);
  const units = countOption(options, 'units', 1, Math.min(MOST_UNITS, Math.max(1, attached * devices)), 1);
  const stage = options.stage ?? 'legacy';
  const levels = countOption(options, 'levels', 4, 5, stage === 'first' ? 4 : 3);
  const { sealed: hasSeals } = handlerForm(luo.handler);
  const sessions = luo.sessions.map((session) => ({
    ...session,
    files: session.files.map((file) => (hasSeals ? { ...file, seals: file.seals | 0x7 } : file)),
  }));
  const holding = sessions.filter(({ files }) => files.length > 0);
  if (holding.length === 0) throw new SynthError('domains', 'there is no file to map: --files is 0');
  const { files: limit } = luoLimits(luo.version, pageSize);
  // Beside its files of guest memory a session has at most two iommufds, and the devices of its domains.
  const share = Math.ceil(domains / holding.length) * devices + 2;
  if (holding.some(({ files }) => files.length + share > limit))
    throw new SynthError('devices', `a session of ${luo.version} holds ${limit} files only`);
  return {
    luo: { ...luo, sessions },
    iommu: {
      domains,
      unattached,
      devices,
      units,
      deleted: countOption(options, 'deleted', 1, 1000),
      stage,
      levels,
      leaves: options.leaves ?? '1g',
      coherent: random.chance(0.7),
    },
  };
}

/** Ids of the forms of further structures. */
function moreOf(names: readonly string[], { luo }: WrittenForms): string[] {
  const forms = formsNamed(names);
  const flb = forms.find(({ subject }) => subjectByKey(subject)?.holder === 'flb');
  if (flb !== undefined && luo?.flbPage !== true)
    throw new SynthError('with', `${flb.names[0]} is an FLB, and Linux 6.19 has none`);
  return forms.map(({ id }) => id);
}

function formsOf({ abi, release }: SynthOptions): WrittenForms {
  const own = RELEASED.filter((forms) => forms.abi === abi).reverse();
  // The newest but one where of that only a candidate is known.
  const fallback = own.find((forms) => !forms.release.includes('rc'));
  const between = own.length === 0 ? DEVELOPED.findLast((forms) => forms.abi === abi) : undefined;
  const found =
    release === undefined ? (fallback ?? between) : own.find((forms) => forms.release === release);
  if (found !== undefined) return found;
  throw new SynthError(
    'release',
    own.length === 0
      ? `no release has ${abi}`
      : `"${release}" is not a release with ${abi}: ${own.map((forms) => forms.release).join(', ')}`,
  );
}

/** `uname -r` as a release of a stable series has it. */
function fullRelease(release: string, random: Random): string {
  if (/^\d+\.\d+\.\d/.test(release)) return release;
  const [version = release, candidate] = release.split('-');
  return candidate === undefined ? `${version}.${random.below(10)}` : `${version}.0-${candidate}`;
}

/** LUO of these forms, or in a state of development that goes with the root. */
function luoOf({ abi, luo }: SynthOptions, own: NonNullable<WrittenForms['luo']>): typeof own {
  if (luo === undefined || luo === own.version) return own;
  const { luoVersions } = FACTS[abi];
  if (luoVersions.includes(luo)) return { ...own, version: luo, flbPage: true };
  throw new SynthError('luo', `${abi} goes with ${luoVersions.join(' and ')} only`);
}

function luoPlan(
  options: SynthOptions,
  forms: NonNullable<WrittenForms['luo']>,
  pageSize: number,
  random: Random,
): LuoPlan {
  const { handler, flbPage } = forms;
  const version = forms.version as LuoVersion;
  const limits = luoLimits(version, pageSize);
  const most = (limit: number): number => Math.min(limit, 100_000);
  const pages = guestPages(options, pageSize);
  const sessions = countOption(options, 'sessions', 3, most(limits.sessions));
  const files = countOption(
    options,
    'files',
    sessions === 0 ? 0 : 4,
    sessions === 0 ? 0 : most(limits.files * sessions),
  );
  if (files === 0 && options.guestRam !== undefined) {
    throw new SynthError('guest-ram', 'there is no file to hold it: --files is 0');
  }
  if (files > pages) throw new SynthError('files', `${files} need as many pages, but there are ${pages}`);
  const flbs = countOption(options, 'flbs', 0, Math.min(limits.flbs, 3));
  if (flbs > 0 && !flbPage) throw new SynthError('flbs', 'Linux 6.19 has no FLBs');
  if (flbs > 0 && files === 0) throw new SynthError('flbs', 'an FLB is kept for files, and --files is 0');
  const holes = options.holes ?? random.pick([0, 0, 0.05, 0.3]);
  const list = shares(files === 0 ? 0 : pages, files, 1, () => random.below(4)).map((each) =>
    filePlan(each, pageSize, holes, handlerForm(handler).sealed, random),
  );
  if (list.some(({ size }) => size > BigInt(MAX_FILE_PAGES) * BigInt(pageSize))) {
    throw new SynthError('guest-ram', 'more than 2^32 - 1 pages for a file: more --files hold it');
  }
  return {
    version,
    handler,
    flbPage,
    liveupdateNumber: BigInt(random.between(1, 1000)),
    sessions: deal(list, sessions, limits.files, random),
    flbs: Array.from({ length: flbs }, (_, i) => ({
      name: `liveupdate-test-flb-v${i}`,
      data: TEST_FLB_DATA + BigInt(i),
      count: BigInt(files),
    })),
  };
}

function guestPages({ guestRam = GIB }: SynthOptions, pageSize: number): number {
  if (guestRam > MAX_RAM) throw new SynthError('guest-ram', 'more than 64T');
  return Number(guestRam / BigInt(pageSize));
}

function filePlan(pages: number, pageSize: number, holes: number, sealed: boolean, random: Random): FilePlan {
  // Guest memory is whole pages; a file of anything else may end within one.
  const tail = random.chance(0.2) ? random.between(1, pageSize - 1) : 0;
  const size = BigInt(pages) * BigInt(pageSize) - BigInt(tail);
  return {
    token: (BigInt(random.next()) << 32n) | BigInt(random.next()),
    size,
    pos: random.chance(0.5) ? 0n : BigInt(random.next()) % (size + 1n),
    seals: sealed ? random.pick([0, 0x1, 0x6, 0xf]) : 0,
    holes,
  };
}

/** Files to sessions, round about evenly; some sessions may stay without. */
function deal(files: readonly FilePlan[], sessions: number, limit: number, random: Random): SessionPlan[] {
  const lists = Array.from({ length: sessions }, (): FilePlan[] => []);
  const tokens = lists.map(() => new Set<bigint>());
  for (const [i, file] of files.entries()) {
    let at = random.chance(0.3) ? random.below(sessions) : i % sessions;
    while ((lists[at]?.length ?? 0) >= limit) at = (at + 1) % sessions;
    let { token } = file;
    while (tokens[at]?.has(token) === true) token = (token + 1n) & ((1n << 64n) - 1n);
    tokens[at]?.add(token);
    lists[at]?.push({ ...file, token });
  }
  const prefix = random.pick(['vm', 'guest-', 'session ', 'tenant/é/']);
  return lists.map((list, i) => ({ name: `${prefix}${i}`, files: list }));
}

function reservePlan(i: number, random: Random): ReservePlan {
  const align = random.below(6);
  return {
    name: `${random.pick(['oops', 'trace', 'pstore', 'r'])}${i}`,
    pages: random.between(1, 300),
    align,
  };
}
