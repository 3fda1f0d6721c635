/** The rider memblock, regions of reserve_mem= (upstream R1, R3, R5, R6). */

import type { Subtree } from '../../abi/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { children, findProperty, nodeName, propertyValue, rootNode } from '../../fdt/tree.js';
import type { Claim } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { compatiblesOf } from '../../validate/compatible.js';
import { claimPieces, preservedRule } from '../../validate/preserved.js';
import { MEMBLOCK } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, rulesOf } from '../../validate/shapes.js';
import { hex, range } from '../../validate/text.js';
import { at, childNamed, UPSTREAM } from '../../validate/upstream/shared.js';
import { memblockV1 } from './binding.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: MEMBLOCK });

const NAME = 'memblock';
/** Limits of the writer (mm/memblock.c, RESERVE_MEM_MAX_ENTRIES and RESERVE_MEM_NAME_SIZE with its NUL). */
const MAX_REGIONS = 8;
const MAX_NAME = 15;

function riderTree(
  { handover }: RuleContext,
  report: Reporter,
): { rider: Subtree; tree: FdtTree } | undefined {
  const rider = childNamed(handover, NAME, report);
  if (rider === undefined) return undefined;
  // A blob that is not a tree is a finding of its own (KHO-117).
  if (rider.tree === undefined) report.skip(`the blob of ${NAME} is not a tree, or not in the dump`);
  else return { rider, tree: rider.tree };
  return undefined;
}

const memblockCompatible = rule({
  id: 'MEMBLOCK-001',
  title: `the tree of memblock is compatible with "${memblockV1.compatible}"`,
  source: 'upstream R1',
  evidence: 'mm/memblock.c reserve_mem_kho_retrieve_fdt',
  consequence: 'the next kernel warns and allocates its regions afresh: the old contents cannot be reached',
  check(context, report) {
    const found = riderTree(context, report);
    if (found === undefined) return;
    const strings = compatiblesOf(found.tree, rootNode(found.tree)) ?? [];
    if (strings.includes(memblockV1.compatible)) return;
    report.finding({
      message: `memblock is compatible with "${strings.join('", "')}"`,
      location: { fdtPath: `/${NAME}`, property: 'compatible', ...at(found.rider.address) },
      found: strings.join(', '),
      expected: memblockV1.compatible,
    });
  },
});

const regionProperties = rule({
  id: 'MEMBLOCK-003',
  title: 'every region has its compatible, start and size',
  source: 'upstream R3',
  evidence: 'mm/memblock.c reserve_mem_kho_revive',
  consequence:
    'the region is not revived, without a message where a property is missing: its contents are lost',
  requires: ['MEMBLOCK-001'],
  check(context, report) {
    const found = riderTree(context, report);
    const [binding] = memblockV1.root.children;
    if (found === undefined || binding?.compatible === undefined) return;
    const { rider, tree } = found;
    for (const node of children(tree, rootNode(tree))) {
      const name = nodeName(tree, node) ?? '';
      const wrong = (property: string, text: string, expected: string): void => {
        report.finding({
          subject: { node: name },
          message: `memblock region "${name}" ${text}`,
          location: { fdtPath: `/${NAME}/${name}`, property, ...at(rider.address) },
          expected,
        });
      };
      const strings = compatiblesOf(tree, node) ?? [];
      if (!strings.includes(binding.compatible)) {
        wrong('compatible', `is compatible with "${strings.join('", "')}"`, binding.compatible);
      }
      for (const { property, record } of binding.properties) {
        const token = findProperty(tree, node, property);
        const length = token < 0 ? undefined : propertyValue(tree, token)?.length;
        if (length === record.size) continue;
        const text = length === undefined ? `has no ${property}` : `has ${property} of ${length} bytes`;
        wrong(property, text, `${record.size} bytes`);
      }
    }
  },
});

/** Regions whose place is known, as memory that somebody has. */
const REGIONS: Elements<Claim> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: MEMBLOCK },
  each: ({ handover }) =>
    claimsOf(handover).filter(({ at: kind, place }) => kind === 'contents' && place.part === NAME),
  subject: ({ subject }) => subject,
};

const regionPreserved = preservedRule(REGIONS, {
  id: 'MEMBLOCK-005',
  title: 'every region is entirely preserved',
  source: 'upstream R5',
  evidence: 'mm/memblock.c reserve_mem_kho_revive',
  consequence:
    'not checked: the kernel trusts the address and does not reserve the region itself, so the rest is handed out and overwritten',
  pieces: claimPieces,
  fault: ({ gap }, { start, end = start }, { name, place }) => ({
    message: `${name}, ${range(start, end)}: ${range(gap.start, gap.end)} is not preserved`,
    location: { fdtPath: `/${NAME}/${place.region}`, address: gap.start },
  }),
});

const regionNames = rule({
  id: 'MEMBLOCK-007',
  title: 'region names are unique',
  source: 'upstream R6, E12',
  evidence: 'mm/memblock.c reserve_mem, reserve_mem_kho_revive; lib/libfdt fdt_subnode_offset',
  consequence:
    'a look-up by name finds the first: the other region cannot be reached, and its memory stays reserved. reserve_mem= refuses a name already in use, so no kernel writes two',
  check({ handover: { memblock } }, report) {
    if (memblock === undefined) {
      report.skip(`the tree has no ${NAME}`);
      return;
    }
    const before: string[] = [];
    for (const { name = '', start } of memblock.regions) {
      // libfdt takes a node "name@unit" for "name" where the name that is asked for has no unit.
      const hidden = before.some(
        (each) => each === name || (!name.includes('@') && each.startsWith(`${name}@`)),
      );
      before.push(name);
      if (!hidden) continue;
      report.finding({
        subject: { node: name },
        message: `a second memblock region is named "${name}"${start === undefined ? '' : `; it is at ${hex(start)}`}`,
        location: { fdtPath: `/${NAME}/${name}`, ...at(start) },
        found: name,
        expected: 'a unique name',
      });
    }
  },
});

const regionEmpty = rule({
  id: 'MEMBLOCK-008',
  title: 'no region is empty',
  severity: 'warning',
  source: 'upstream R6',
  evidence:
    'mm/memblock.c reserve_mem, reserve_mem_kho_revive, reserve_mem_release_by_name, reserve_mem_init',
  consequence:
    'reserve_mem= refuses a size of 0, so no kernel asks for such a region, and its contents are not taken over. No kernel writes one, as the tree is built before any region can be released',
  check({ handover: { memblock } }, report) {
    if (memblock === undefined) {
      report.skip(`the tree has no ${NAME}`);
      return;
    }
    for (const { name = '', size, start } of memblock.regions) {
      if (size !== 0n) continue;
      report.finding({
        subject: { node: name },
        message: `the size of memblock region "${name}" is 0`,
        location: { fdtPath: `/${NAME}/${name}`, property: 'size', ...at(start) },
        found: '0',
      });
    }
  },
});

const regionLimits = rule({
  id: 'MEMBLOCK-006',
  title: `regions do not overlap; there are at most ${MAX_REGIONS}, with names of 1 to ${MAX_NAME} characters`,
  source: 'upstream R6',
  evidence: 'mm/memblock.c reserve_mem, reserved_mem_add',
  consequence: 'not checked: two owners write to the same memory. No kernel writes such regions',
  check({ handover: { memblock } }, report) {
    if (memblock === undefined) {
      report.skip(`the tree has no ${NAME}`);
      return;
    }
    const { regions, origin } = memblock;
    if (regions.length > MAX_REGIONS) {
      report.finding({
        severity: 'warning',
        message: `memblock has ${regions.length} regions`,
        location: { fdtPath: `/${NAME}`, ...at(origin?.address) },
        found: `${regions.length}`,
        expected: `at most ${MAX_REGIONS}`,
      });
    }
    let before: { name: string; start: bigint; end: bigint } | undefined;
    const placed = regions.flatMap(({ name = '', start, size }) =>
      start === undefined || size === undefined || size === 0n ? [] : [{ name, start, end: start + size }],
    );
    for (const region of placed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
      if (before !== undefined && region.start < before.end) {
        report.finding({
          subject: { node: region.name },
          message: `memblock regions "${before.name}" and "${region.name}" overlap from ${hex(region.start)} on`,
          location: { fdtPath: `/${NAME}/${region.name}`, address: region.start },
        });
      }
      if (before === undefined || region.end > before.end) before = region;
    }
    for (const { name = '' } of regions) {
      const { length } = new TextEncoder().encode(name);
      if (length >= 1 && length <= MAX_NAME) continue;
      report.finding({
        severity: 'warning',
        subject: { node: name },
        message: `the name of memblock region "${name}" has ${length} characters`,
        location: { fdtPath: `/${NAME}/${name}` },
        found: `${length}`,
        expected: `1 to ${MAX_NAME}`,
      });
    }
  },
});

export const memblockRules: readonly Rule[] = [
  memblockCompatible,
  regionProperties,
  regionPreserved,
  regionLimits,
  regionNames,
  regionEmpty,
];
