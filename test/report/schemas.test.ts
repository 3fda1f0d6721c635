/** The published JSON Schemas: all that the commands write conforms to them, and they say nothing that is not written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { type LoadedDump, withDumps } from '../../src/cli/load.js';
import type { LoadOptions } from '../../src/cli/load-options.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { pageSetOfFrames } from '../../src/memory/page-set.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { diffJson } from '../../src/report/diff-json.js';
import { modelJson } from '../../src/report/model-json.js';
import { ownedWalk } from '../../src/report/owned-walk.js';
import { type ValidatedDump, validateJson } from '../../src/report/validate-json.js';
import { SUBJECTS } from '../../src/structures/index.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding } from '../../src/validate/rule.js';
import { validate } from '../../src/validate/run.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { kho } from '../cli/kho.js';
import { blobPaths, fixtures, rfcFiles, rfcNames } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { type Json, parsed } from '../rfc/json.js';
import { wholeModels } from '../structures/whole.js';
import { sweep } from '../sweep.js';
import type { Whole } from './whole.js';
import { diffDocument, wholeDiff } from './whole-diff.js';
import { everything, location, subtree } from './whole-handover.js';

const NAMES = ['diff', 'dump', 'validate', 'walk'] as const;
type Name = (typeof NAMES)[number];

function load(name: Name): { readonly schema: Json; readonly check: ValidateFunction } {
  const file = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  return { schema, check: new Ajv2020({ strict: true }).compile(schema) };
}

const schemas = { diff: load('diff'), dump: load('dump'), validate: load('validate'), walk: load('walk') };
/** Keys of each schema that a conforming document had. */
const seen: Record<Name, Set<string>> = {
  diff: new Set(),
  dump: new Set(),
  validate: new Set(),
  walk: new Set(),
};

/** Fails with the place unless the document conforms; notes which keys of the schema it has. */
function conforms(name: Name, document: unknown): void {
  const { schema, check } = schemas[name];
  check(document);
  expect(check.errors ?? []).toEqual([]);
  noteKeys(schema, schema, '', document, seen[name]);
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema and its name, references followed. */
function resolved(root: Json, schema: unknown, path: string): [Json, string] {
  if (!isObject(schema)) return [{}, path];
  if (typeof schema.$ref !== 'string') return [schema, path];
  const name = schema.$ref.slice('#/$defs/'.length);
  return [(root.$defs as { [key: string]: Json })[name] ?? {}, name];
}

function noteKeys(root: Json, schema: unknown, at: string, value: unknown, keys: Set<string>): void {
  const [here, path] = resolved(root, schema, at);
  for (const [i, option] of ((here.anyOf ?? []) as unknown[]).entries()) {
    const [branch] = resolved(root, option, path);
    const known = isObject(branch.properties) ? Object.keys(branch.properties) : [];
    if (isObject(value) && Object.keys(value).every((key) => known.includes(key)))
      noteKeys(root, option, `${path}|${i}`, value, keys);
  }
  if (Array.isArray(value)) for (const item of value) noteKeys(root, here.items, `${path}[]`, item, keys);
  if (!isObject(value) || !isObject(here.properties)) return;
  for (const [key, item] of Object.entries(value)) {
    keys.add(`${path}.${key}`);
    noteKeys(root, here.properties[key], `${path}.${key}`, item, keys);
  }
}

/** Every object schema below `schema`, with the names that {@link noteKeys} gives. */
function* objectSchemas(root: Json, schema: unknown, path: string): Generator<[string, Json]> {
  if (!isObject(schema) || '$ref' in schema) return;
  if (schema.type === 'object') yield [path, schema];
  const properties = isObject(schema.properties) ? schema.properties : {};
  for (const [key, item] of Object.entries(properties)) yield* objectSchemas(root, item, `${path}.${key}`);
  yield* objectSchemas(root, schema.items, `${path}[]`);
  for (const [i, item] of ((schema.anyOf ?? []) as unknown[]).entries())
    yield* objectSchemas(root, item, `${path}|${i}`);
  if (schema === root) {
    for (const [name, item] of Object.entries(schema.$defs as Json)) yield* objectSchemas(root, item, name);
  }
}

async function dumped(path: string, options: LoadOptions = {}): Promise<Json[]> {
  return withDumps(path, options, async (dumps) => dumps.map(({ handover }) => parsed(modelJson(handover))));
}

const inFixtures = (name: string): string => join(fixtures, name);
const units = ['linux-7.3-live-update/vtd', 'linux-7.3-scalable-mode/vtd'];
const names = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).sort();
const cores = names.filter((name) => /^rfc-2024\/[^/]+$|handover\.elf\.gz$/.test(name));
const parts = names.filter((name) => /before-kexec|debugfs-(in|out)$|sub_fdts\/./.test(name));
/** From 7.2 on the kernel has freed this blob before it can be copied: no rider any more. */
const FREED = /7\.3.*\bin\/sub_fdts\/LUO$/;
const blobs = blobPaths().map((path) => relative(fixtures, path));
const dumpNames = [...new Set([...blobs, ...cores, ...parts])].filter((name) => !FREED.test(name));

const finding: Whole<Finding> = {
  ...{ rule: 'KHO-001', severity: 'note', message: 'm', found: 'f', expected: 'e' },
  subject: {
    ...{ session: 's', token: 1n, domain: 2n, device: '00:03.0', pasid: 3, node: 'n', handler: 'h' },
    ...{ iommufd: 4n, ioas: 5, area: 6, inode: 7, cpu: 8 },
  },
  location,
};
const results: readonly ValidatedDump[] = [
  {
    path: 'a',
    generation: 'kho-v4',
    result: {
      findings: [finding],
      passed: [],
      failed: [],
      skipped: [{ rule: 'KHO-002', why: 'w', kind: 'absent' }],
      partial: [],
      coverage: [{ area: 'KHO', state: 'partly', why: 'w' }],
      missing: [{ kind: 'absent', what: 'w' }],
    },
    baseline: { known: 1, gone: 2 },
  },
  { path: 'b', error: 'cannot be read' },
];

describe('diff', () => {
  const pairs = cores.flatMap((a) => cores.map((b) => [a, b] as const));
  /** Each is loaded once, and stays open until all have been compared. */
  const opened = new Map<string, LoadedDump>();
  let close = (): void => {};
  const done = new Promise<void>((resolve) => {
    close = resolve;
  });
  const closed: Promise<void>[] = [];

  beforeAll(async () => {
    for (const name of cores) {
      await new Promise<void>((resolve, reject) => {
        const open = withDumps(inFixtures(name), {}, async ([dump]) => {
          if (dump === undefined) throw new Error('no tree');
          opened.set(name, dump);
          resolve();
          await done;
        });
        open.catch(reject);
        closed.push(open);
      });
    }
  });
  afterAll(async () => {
    close();
    await Promise.all(closed);
  });

  test.each(pairs)('%s and %s', (a, b) => {
    const [left, right] = [opened.get(a), opened.get(b)];
    if (left === undefined || right === undefined) throw new Error('not opened');
    const diff = diffHandovers(left.handover, right.handover, { strict: true });
    const coverage = coverageOf(left.handover, right.handover);
    conforms('diff', parsed(diffJson(left, right, diff, coverage, true)));
  });

  test('a comparison with every key, and one whose coverage was not asked', () => {
    conforms('diff', wholeDiff(everything));
    const nothing = { bytes: 0n, uncovered: 0n, lost: 0n, entries: [] };
    const coverage = { verdict: 'not asked', notAsked: 'why', ...nothing } as const;
    conforms('diff', diffDocument(coverage, { path: 'a', handover: everything }));
  });
});

describe('dump', () => {
  test.each(dumpNames)('%s', async (name) => {
    const documents = await dumped(inFixtures(name));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) conforms('dump', document);
  });

  test('a boot device tree with its memory', async () => {
    const folder = inFixtures('linux-7.3-arm64-16k');
    const memory = join(folder, 'handover.elf.gz');
    const [document] = await dumped(join(folder, 'firmware-fdt.dtb'), { memory });
    expect(document).toMatchObject({ kind: 'handover', pageSize: 16384 });
    conforms('dump', document);
  });

  test('a model with every key', () => {
    conforms('dump', parsed(modelJson(everything)));
    conforms('dump', parsed(modelJson({ ...everything, subtrees: [subtree] })));
    // The one form whose tree leads to a central record.
    const luo = { ...everything.luo, compatible: 'luo-v2', version: 'luo-v2' } as const;
    conforms('dump', parsed(modelJson({ ...everything, luo })));
  });

  test('every form of every structure', () => {
    for (const { key, holder, top, forms } of SUBJECTS) {
      for (const model of forms.flatMap((form) => [...wholeModels(form)])) {
        const held = { [key]: model };
        const [file] = everything.luo.sessions[0]?.files ?? [];
        const [flb] = everything.luo.flbs;
        if (file === undefined || flb === undefined) throw new Error('nothing to hang it on');
        const session = {
          ...everything.luo.sessions[0],
          files: holder === 'file' ? [{ ...file, ...held }] : [],
        };
        const luo = {
          ...everything.luo,
          sessions: [session],
          flbs: holder === 'flb' ? [{ ...flb, ...held }] : [],
        };
        const child = { ...subtree, ...(holder === 'child' ? held : {}) };
        const whole = { ...everything, luo, subtrees: [child], ...(top === true ? held : {}) };
        conforms('dump', parsed(modelJson(whole as unknown as Handover)));
      }
    }
  });

  test('damaged dumps', async () => {
    const damage = fc.record({ at: fc.nat(8191), bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }) });
    const damages = fc.array(damage, { minLength: 1, maxLength: 6 });
    await withDumps(rfcFiles('overflow').folder, {}, async ([dump]) => {
      const { tree, memory } = dump?.handover ?? {};
      if (tree === undefined || memory === undefined) throw new Error('the fixture cannot be read');
      const check = (edits: { at: number; bytes: Uint8Array }[], behind: boolean) => {
        const copy = tree.bytes.slice();
        for (const { at, bytes } of edits) copy.set(bytes, at % (copy.length - bytes.length));
        const handover = decodeHandover(copy, { assume: 'rfc-2024', ...(behind ? { memory } : {}) });
        conforms('dump', parsed(modelJson(handover)));
        conforms('validate', parsed(validateJson([{ path: 'x', result: validate(handover, catalogue) }])));
      };
      fc.assert(fc.property(damages, fc.boolean(), check), { numRuns: sweep(60, 8) });
    });
  });
});

describe('validate', () => {
  test.each(cores)('%s', async (name) => {
    await withDumps(inFixtures(name), {}, async (dumps) => {
      const entries = dumps.map(({ handover }) => ({ path: name, result: validate(handover, catalogue) }));
      expect(entries.length).toBeGreaterThan(0);
      conforms('validate', parsed(validateJson(entries)));
    });
  });

  test('a result with every key, and a dump that cannot be read', () => {
    conforms('validate', parsed(validateJson(results)));
  });

  test.each(units)('%s', (name) => {
    const folder = inFixtures(name);
    const args = ['--regset', join(folder, 'iommu_regset'), join(folder, 'before-kexec.elf.gz')];
    conforms('validate', JSON.parse(kho(['validate', '--format', 'json', ...args]).stdout));
  });
});

/** What `kho walk` prints. */
function walked(path: string, ...args: string[]): Json {
  const { status, stdout } = kho(['walk', '--format', 'json', inFixtures(path), ...args]);
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe('walk', () => {
  test.each(rfcNames)('a domain of %s', (name) => {
    const { truth, folder } = rfcFiles(name);
    const document = walked(relative(fixtures, folder), '--domain', `${truth.domains[0]?.persistent_id}`);
    expect(document.runs).not.toEqual([]);
    conforms('walk', document);
  });

  test.each(units)('devices of %s', (folder) => {
    const regset = ['--regset', inFixtures(`${folder}/iommu_regset`)];
    const core = `${folder}/before-kexec.elf.gz`;
    const all = walked(core, ...regset);
    expect(all.devices).toHaveLength(9);
    conforms('walk', all);
    conforms('walk', walked(core, ...regset, '--device', '00:03.0'));
    conforms('walk', walked(core, ...regset, '--unpreserved'));
    for (const iova of ['0x1abc', '0xfffffffff000', '0xffffffffffffffff']) {
      conforms('walk', walked(core, ...regset, '--iova', iova));
      conforms('walk', walked(core, ...regset, '--device', '00:03.0', '--iova', iova));
    }
  });
});

test.each([[], ['--domain', '0xe'], ['--domain', 'all']])('what LUO hands over: %j %j', (...args) => {
  const core = 'linux-7.3-iommu-legacy/handover1.elf.gz';
  conforms('walk', walked(core, ...args));
  // A name of a session that is no text.
  const image = Buffer.from(gunzip(fileBytes(inFixtures(core))));
  for (let at = image.indexOf('vm-2\0'); at >= 0; at = image.indexOf('vm-2\0', at + 1)) image[at] = 0xff;
  conforms('walk', JSON.parse(kho(['walk', '-', '--format', 'json', ...args], image).stdout));
});

test('problems of a walk', () => {
  // Entry 1 of a top table at 0 leads to a table that is not there.
  const image = new Uint8Array(4096);
  new DataView(image.buffer).setBigUint64(8, 0x77000003n, true);
  const args = ['walk', '-', '--base', '0', '--pgd', '0', '--agaw', '1', '--format', 'json'];
  const document = JSON.parse(kho(args, image).stdout);
  expect(document.diagnostics).toHaveLength(1);
  conforms('walk', document);
});

test('attributes of a walk', () => {
  // 00:00.0: root entry, context entry (4 levels, domain 2), four tables; the leaf has R, W and SNP.
  const words = [0x2001n, 0x3001n, 0x4003n, 0x5003n, 0x6003n, 0x7803n];
  const image = new BigUint64Array(8 * 512);
  for (const [i, word] of words.entries()) image[(i + 1) * 512] = word;
  image[2 * 512 + 1] = 0x202n;
  const args = ['walk', '-', '--base', '0', '--root', '0x1000', '--format', 'json'];
  const document = JSON.parse(kho(args, new Uint8Array(image.buffer)).stdout);
  expect(document).toHaveProperty('devices.0.runs.0.attributes', 'snoop');
  conforms('walk', document);
});

test.each([
  ['linux-7.3-iommu-legacy/handover1.elf.gz', '--domain', 'all', '--unpreserved'],
  ['rfc-2024/two-vms', '--domain', '1', '--unpreserved'],
  ['rfc-2024/two-vms'],
])('what nothing preserves, and domains of the 2024 series: %j', (path, ...args) => {
  conforms('walk', walked(path, ...args));
});

test('owners that are no files of sessions', () => {
  // Three levels at 0x1000; the leaves map pages 0x10 to 0x13, of which the last three have an owner.
  const image = new BigUint64Array(4 * 512);
  image[512] = 0x2003n;
  image[1024] = 0x3003n;
  for (let i = 0; i < 4; i++) image[1536 + i] = BigInt(0x10003 + i * 0x1000);
  const memory = segmentsMemory([{ address: 0, bytes: new Uint8Array(image.buffer) }], 'tables');
  const region = { offset: 0x5000 };
  const file = Uint8Array.of(0xff, 0);
  const owned = ownedWalk(
    {
      files: { holders: [], parts: (start, end) => [{ start, end }] },
      regions: [
        { ...region, start: 0x11, end: 0x12, of: { place: { part: 'memblock', region: 'r' }, name: '' } },
        { ...region, start: 0x12, end: 0x13, of: { place: { part: 'guestmemfs', file }, name: '' } },
        { ...region, start: 0x13, end: 0x14, of: { place: { part: 'luo' }, name: 'made' } },
      ],
      kept: pageSetOfFrames([{ start: 0x11, end: 0x13 }], 4096),
    },
    false,
  );
  const format = secondStageFormat();
  const walk = walkTable({ memory, root: 0x1000, levels: 3, format, onTable: owned.onTable });
  const rows = [...owned.rows(walk.batches, format, () => '')].join('');
  const document = JSON.parse(`{"schemaVersion":1,"runs":[${rows}]${owned.json()},"diagnostics":[]}`);
  conforms('walk', document);
  expect(document.runs.map(({ kept }: { kept: boolean }) => kept)).toEqual([false, true, true, false]);
  expect(document.runs[1].holds).toEqual({ reserveMem: 'r', offset: '0x5000' });
  expect(document.runs[2].holds).toMatchObject({ guestmemfsBytes: 'ff', fileOffset: '0x5000' });
  expect(document.runs[3].holds).toEqual({ owner: 'made', offset: '0x5000' });
  expect(document.totals).toMatchObject({ leaves: 4, unpreserved: '0x2000', unowned: '0x1000', tables: 3 });
});

describe('the schemas', () => {
  test.each(NAMES)('%s allows only keys that it names, and describes each', (name) => {
    const { schema } = schemas[name];
    const objects = [...objectSchemas(schema, schema, '')];
    expect(objects.length).toBeGreaterThan(3);
    const open = objects.filter(([, { additionalProperties }]) => additionalProperties !== false);
    expect(open.map(([path]) => path)).toEqual([]);
    for (const [path, { properties }] of objects) {
      const keys = Object.entries((properties ?? {}) as Json);
      for (const [key, item] of keys) {
        const [{ description }] = resolved(schema, item, '');
        const own = isObject(item) ? item.description : undefined;
        expect(own ?? description, `${path}.${key}`).toMatch(/\S/);
      }
    }
  });

  describe('refuse', () => {
    const row = { iova: '0x0', iovaEnd: '0x1000', address: '0x0', leaves: 1, access: 'rw' };
    const sources = {
      diff: () => wholeDiff(everything),
      dump: () => parsed(modelJson(everything)),
      validate: () => parsed(validateJson(results)),
      walk: () => ({ schemaVersion: 1, runs: [{ ...row }], diagnostics: [] }),
    };

    test.each(NAMES)('an unknown key anywhere in %s', (name) => {
      const document = sources[name]();
      conforms(name, document);
      for (const [path, object] of objectsOf(document)) {
        object.unknownKey = 1;
        expect(schemas[name].check(document), path).toBe(false);
        delete object.unknownKey;
      }
      expect(schemas[name].check(document)).toBe(true);
    });

    test.each<readonly [Name, string, unknown]>([
      ['dump', 'schemaVersion', 2],
      ['dump', 'fdt', undefined],
      ['dump', 'fdt.tree.0', { node: '', end: true }],
      ['dump', 'fdt.strings', 'abc'],
      ['dump', 'preservedMemoryMap', 4096],
      ['dump', 'preservedMemoryMap', '0x01'],
      ['dump', 'preservedMemoryMap', '0x10000000000000000'],
      ['dump', 'preserved.ranges.0.end', undefined],
      ['dump', 'preserved.pages.0.count', 1],
      ['dump', 'luo.sessions.0.files.0.memfd.seals', 1],
      ['dump', 'domains.0.agaw', '0x2'],
      ['dump', 'domains.0.devices.0.bus', 256],
      ['validate', 'dumps.0.verdict', 'unreadable'],
      ['validate', 'dumps.0.error', 'why'],
      ['validate', 'dumps.1.error', undefined],
      ['validate', 'dumps.0.findings.0.rule', 'kho-1'],
      ['walk', 'runs.0.access', 'x'],
      ['diff', 'differences.0.kind', 'moved'],
      ['diff', 'differences.0.place.part', undefined],
      ['diff', 'differences.0.place.token', 5],
      ['diff', 'differences.0.expected', false],
      ['diff', 'coverage.verdict', 'unknown'],
      ['diff', 'coverage.entries.0.ranges.0.start', 0],
      ['diff', 'equal', undefined],
      ['diff', 'notCompared.0.missing', 'neither'],
      ['walk', 'runs.0.iova', 0],
      ['walk', 'device', '0000:00:03.0'],
    ])('%s: %s = %j', (name, path, value) => {
      const document = sources[name]();
      expect(schemas[name].check(document)).toBe(true);
      const keys = path.split('.');
      const last = keys.pop() ?? '';
      const owner = keys.reduce<unknown>((object, key) => (object as Json)[key], document) as Json;
      if (value === undefined) delete owner[last];
      else owner[last] = value;
      expect(schemas[name].check(document)).toBe(false);
    });
  });

  describe('name no key that nothing writes', () => {
    // Runs last: the tests above have noted what they saw.
    test.each(NAMES)('%s', (name) => {
      const { schema } = schemas[name];
      const named = [...objectSchemas(schema, schema, '')].flatMap(([path, { properties }]) =>
        Object.keys((properties ?? {}) as Json).map((key) => `${path}.${key}`),
      );
      expect(named.filter((key) => !seen[name].has(key))).toEqual([]);
      expect(named.length).toBeGreaterThan(10);
    });
  });
});

function* objectsOf(value: unknown, path = ''): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (isObject(value)) yield [path, value];
  for (const [key, item] of Object.entries(value)) yield* objectsOf(item, `${path}.${key}`);
}
