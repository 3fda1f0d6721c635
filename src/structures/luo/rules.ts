/** The Live Update Orchestrator's own record or tree (upstream L2, L3, L17). */

import type { Subtree } from '../../abi/model.js';
import { findNode, findProperty, propertyValue, rootNode } from '../../fdt/tree.js';
import { LUO_SER, LUO_SER_SIZE } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { compatiblesOf } from '../../validate/compatible.js';
import { preservedRule } from '../../validate/preserved.js';
import { LUO } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, rulesOf } from '../../validate/shapes.js';
import { hex, listed } from '../../validate/text.js';
import { at, BLOCKS, childNamed, UPSTREAM } from '../../validate/upstream/shared.js';
import { factsOf, LUO_TREES } from '../../versions/generations.js';
import { RELEASES } from '../../versions/table.js';
import type { NodeBinding } from '../tree.js';
import { luoForm, luoV1 } from './binding.js';
import { fileRules } from './rules-files.js';
import { flbRules } from './rules-flb.js';
import { sessionRules } from './rules-sessions.js';

const rule = rulesOf({ generations: LUO_TREES });

const NAME = 'LUO';
const STARTUP = 'kernel/liveupdate/luo_core.c luo_early_startup';

function rider({ handover }: RuleContext, report: Reporter): Subtree | undefined {
  return childNamed(handover, NAME, report);
}

const luoRecord = rule({
  id: 'LUO-002',
  title: 'the LUO blob is struct luo_ser of exactly the version that the kernel reads',
  generations: BLOCKS,
  source: 'upstream L2',
  evidence: `${STARTUP}, liveupdate_early_init`,
  consequence: 'the next kernel panics at boot, even with liveupdate=off, if KHO is enabled',
  needs: ['memory'],
  reads: LUO,
  requires: ['KHO-113', 'KHO-114'],
  check(context, report) {
    const luo = rider(context, report);
    if (luo === undefined) return;
    const { handover } = context;
    const expected = RELEASES.find(({ kho }) => kho === handover.generation)?.luo;
    const location = { fdtPath: `/${NAME}`, ...at(luo.address) };
    if (luo.tree !== undefined) {
      const found = handover.luo?.compatible ?? 'another tree';
      report.finding({
        message: `the LUO blob is a tree ("${found}"), not struct luo_ser`,
        location,
        found,
        ...(expected === undefined ? {} : { expected }),
      });
      return;
    }
    const { blob } = luo;
    if (luo.size !== undefined && luo.size < BigInt(LUO_SER_SIZE)) {
      report.finding({
        message: `the LUO blob has ${luo.size} bytes, but struct luo_ser has ${LUO_SER_SIZE}`,
        location: { ...location, property: 'blob-size' },
        found: `${luo.size}`,
        expected: `${LUO_SER_SIZE}`,
      });
    } else if (handover.luo !== undefined) {
      const { compatible } = handover.luo;
      if (compatible === expected) return;
      report.finding({
        message: `luo_ser.compatible is "${compatible}", which no release of ${handover.generation} reads`,
        location: { ...location, field: 'luo_ser.compatible' },
        found: compatible,
        ...(expected === undefined ? {} : { expected }),
      });
    } else {
      foreign(context, blob, report, location, expected);
    }
  },
});

const ABI_STRING = /^[a-z][a-z0-9,._-]*-v\d+$/;

/** The bytes do not begin like LUO: decoding keeps none, as a copy of debugfs shows reused memory there. */
function foreign(
  { handover }: RuleContext,
  blob: Uint8Array | undefined,
  report: Reporter,
  location: ReturnType<typeof at>,
  expected: string | undefined,
): void {
  const { memory, fdtAddress } = handover;
  const address = location.address;
  if (address === undefined || memory === undefined) return;
  if (fdtAddress === undefined) {
    report.skip('a copy of debugfs: the kernel had freed the LUO blob of an incoming tree when it was read');
    return;
  }
  const bytes = blob?.subarray(0, LUO_SER_SIZE) ?? new Uint8Array(LUO_SER_SIZE);
  if (blob === undefined && memory.read(Number(address), LUO_SER_SIZE, bytes) < LUO_SER_SIZE) {
    report.absent('struct luo_ser', address);
    return;
  }
  const compatible = bytes.subarray(LUO_SER.compatible, LUO_SER.liveupdateNum);
  const { text } = bytesToText(compatible);
  // Whatever it is else may be somebody else's text.
  const found = ABI_STRING.test(text) ? `"${text}"` : 'no ABI string';
  report.finding({
    message: `luo_ser.compatible is ${found}`,
    location: { ...location, field: 'luo_ser.compatible' },
    found: found.replaceAll('"', ''),
    ...(expected === undefined ? {} : { expected }),
  });
}

const luoTree = rule({
  id: 'LUO-003',
  title: 'the LUO tree has the strings, nodes and properties of luo-v1',
  source: 'upstream L3, Q4',
  evidence: 'kernel/liveupdate/luo_core.c luo_early_startup, luo_session.c, luo_flb.c (6.19 to 7.1)',
  consequence:
    'the next kernel panics at boot; 7.0 and 7.1 also panic without luo-flb, which 6.19 does not write',
  needs: ['memory'],
  reads: LUO,
  requires: ['KHO-117'],
  check(context, report) {
    const luo = rider(context, report);
    if (luo === undefined) return;
    const { tree, address } = luo;
    if (tree === undefined) {
      report.skip('the blob of LUO is not a tree, or not in the dump');
      return;
    }
    const { root } = luoV1;
    const nodes = [
      { path: '/', binding: root, optional: false },
      ...root.children.map((binding) => {
        const path = 'literal' in binding.name ? `/${binding.name.literal}` : '/';
        // 6.19 writes no luo-flb, and reads none.
        return {
          path,
          binding,
          optional: path === '/luo-flb' && factsOf(context.handover.generation)?.luoWithoutFlbs === true,
        };
      }),
    ];
    for (const { path, binding, optional } of nodes) {
      const node = path === '/' ? rootNode(tree) : findNode(tree, path);
      const fdtPath = path === '/' ? `/${NAME}` : `/${NAME}${path}`;
      const wrong = (message: string, property?: string, expected?: string): void => {
        report.finding({
          message,
          location: { fdtPath, ...(property === undefined ? {} : { property }), ...at(address) },
          ...(expected === undefined ? {} : { expected }),
        });
      };
      if (node < 0) {
        if (!optional) wrong(`the LUO tree has no ${path}`);
        continue;
      }
      const strings = compatiblesOf(tree, node) ?? [];
      if (binding.compatible !== undefined && !strings.includes(binding.compatible)) {
        wrong(`${fdtPath} is compatible with "${listed(strings)}"`, 'compatible', binding.compatible);
        // Another version has other properties.
        if (path === '/') return;
        continue;
      }
      for (const { property, record } of binding.properties) {
        const token = findProperty(tree, node, property);
        const length = token < 0 ? undefined : propertyValue(tree, token)?.length;
        if (length === record.size) continue;
        const text = length === undefined ? `no ${property}` : `${property} of ${length} bytes`;
        wrong(`${fdtPath} has ${text}`, property, `${record.size} bytes`);
      }
    }
  },
});

const luoAreas = rule({
  id: 'LUO-021',
  title: 'no address in the LUO tree is 0',
  source: 'upstream 3.5.2, 3.5.3, L3',
  evidence:
    'kernel/liveupdate/luo_session.c luo_session_setup_incoming, luo_flb.c luo_flb_setup_incoming, luo_core.c (6.19 to 7.1)',
  consequence:
    '0 does not mean "none" here: the kernel reads physical page 0 as the record, which on x86 belongs to the firmware, and faults where there is no RAM. The sessions, or the FLBs, are lost',
  requires: ['KHO-117'],
  check(context, report) {
    const luo = context.handover.luo;
    const found = rider(context, report);
    if (found === undefined || luo === undefined) return;
    const tree = luoForm(luo.version)?.tree;
    const pointers = tree === undefined ? [] : [...addressesOf(tree.root, '')];
    if (pointers.length === 0) report.skip('LUO is not a tree, or of an unknown version');
    for (const { path, property, key } of pointers) {
      if ((luo as unknown as Record<string, unknown>)[key] !== 0n) continue;
      report.finding({
        message: `${property} of the LUO tree is 0`,
        location: { fdtPath: `/${NAME}${path}`, property, ...at(found.address) },
        found: '0x0',
        expected: 'the address of preserved memory',
      });
    }
  },
});

/** The properties of a tree that are physical addresses. */
function* addressesOf(
  { properties, children }: NodeBinding,
  path: string,
): Generator<{ path: string; property: string; key: string }> {
  for (const { property, key, record } of properties)
    if (record.fields[0]?.unit === 'address') yield { path, property, key };
  for (const child of children)
    if ('literal' in child.name) yield* addressesOf(child, `${path}/${child.name.literal}`);
}

/** The record that the blob is. */
const RECORD: Elements<bigint> = {
  shared: { generations: BLOCKS, needs: ['memory'], reads: LUO },
  each(context, report) {
    const address = rider(context, report)?.address;
    return address === undefined ? [] : [address];
  },
};

const numberFromOne = rule({
  id: 'LUO-022',
  title: 'the number of the live update is at least 1',
  generations: UPSTREAM,
  reads: LUO,
  severity: 'warning',
  source: 'upstream L16, 3.5.2, 3.5.4',
  evidence:
    'kernel/liveupdate/luo_core.c luo_state_setup (luo_fdt_setup in 6.19 to 7.1): the incoming number and 1',
  consequence: 'not checked: the next kernel prints it, and counts on from it',
  check(context, report) {
    const { luo } = context.handover;
    const found = rider(context, report);
    if (found === undefined || luo?.liveupdateNumber !== 0n) return;
    const { address } = found;
    const field = 'luo_ser.liveupdate_num';
    const place =
      luo.abiHeader !== undefined
        ? { field, ...at(luo.abiHeader) }
        : luoForm(luo.version)?.tree !== undefined
          ? { property: 'liveupdate-number', ...at(address) }
          : { field, ...at(address === undefined ? undefined : address + BigInt(LUO_SER.liveupdateNum)) };
    report.finding({
      message: 'the number of the live update is 0, but the first one is 1',
      location: { fdtPath: `/${NAME}`, ...place },
      found: '0',
      expected: 'at least 1',
    });
  },
});

const luoPage = preservedRule(RECORD, {
  id: 'LUO-017',
  title: 'struct luo_ser is preserved as a single page',
  severity: 'warning',
  source: 'upstream L17',
  evidence: `${STARTUP}; kernel/liveupdate/kexec_handover.c kho_restore_free, kho_restore_page`,
  consequence:
    'only the first page of a larger block can be restored: freeing any other page after reading it warns, and the page is lost. A luo_ser at the start of a larger block is freed together with it',
  requires: ['KHO-113', 'KHO-116'],
  pieces: (start) => [{ start, preserved: 'page' }],
  fault: ({ kind, order }, { start }) => ({
    ...(kind === 'larger' ? { severity: 'note' } : {}),
    message: `struct luo_ser at ${hex(start)} is ${
      kind === 'larger'
        ? `at the start of a block of order ${order}, but the kernel preserves one page`
        : 'within a larger block, not at its start'
    }`,
    location: { fdtPath: `/${NAME}`, ...at(start) },
  }),
});

export const luoRules: readonly Rule[] = [
  luoRecord,
  luoTree,
  luoAreas,
  numberFromOne,
  luoPage,
  ...sessionRules,
  ...fileRules,
  ...flbRules,
];
