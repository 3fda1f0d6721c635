/** Our own decoder, validator, printers and encoder as the target of a case: in process, with counted work. */

import { equalBytes } from '../decode/bytes.js';
import { findTrees } from '../decode/find.js';
import { decodeHandover } from '../decode/handover.js';
import { encodeBlob } from '../encode/blob.js';
import { rootNode } from '../fdt/tree.js';
import { createBudget } from '../memory/budget.js';
import { budgetedMemory } from '../memory/budgeted.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { jsonChunks } from '../report/json-chunks.js';
import { memoryLines } from '../report/memory-text.js';
import { modelJson } from '../report/model-json.js';
import { summaryLines } from '../report/summary-text.js';
import { treeLines } from '../report/tree-text.js';
import { validateLines } from '../report/validate-text.js';
import { catalogue } from '../validate/catalogue.js';
import { type ValidateOptions, validate } from '../validate/run.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import { applied, type MutatedTarget } from './apply.js';
import type { FuzzCase } from './generate.js';
import type { Change } from './mutation.js';
import type { FuzzTarget } from './target.js';

/** What became of a case. */
export interface SelfResult {
  /** No rule fires that did not before; some does; it is not taken for a handover (or rider) at all. */
  readonly verdict: 'accepted' | 'rejected' | 'refused';
  /** Rules that fire as a warning or an error, and did not on the unchanged target. */
  readonly rules: readonly string[];
  /** What must not happen: an exception, too much work, bytes that do not come back, another verdict than expected. */
  readonly problems: readonly string[];
  /** Milliseconds. */
  readonly time: number;
  /** Reads of memory, and bytes read. */
  readonly reads: number;
  readonly bytes: number;
}

/** What a case may cost. */
export interface SelfBudget {
  /** Milliseconds; a machine that does other things as well needs room. */
  readonly time: number;
  /** Reads and bytes, as multiples of what the unchanged target costs, and on top of that. */
  readonly factor: number;
  readonly reads: number;
  readonly bytes: number;
}

export const SELF_BUDGET: SelfBudget = { time: 5000, factor: 8, reads: 200_000, bytes: 64 << 20 };

/** Every so many cases of a core the whole memory is searched for trees as well. */
const SEARCH_EVERY = 64;

/** Runs cases of one target on ourselves. */
export interface SelfRunner {
  run(fuzzCase: FuzzCase): SelfResult;
}

/**
 * The target unchanged is what cases are compared with.
 *
 * @param now a clock in milliseconds; on a machine that does other things one of processor time tells more
 */
export function selfRunner(
  target: FuzzTarget,
  budget: SelfBudget = SELF_BUDGET,
  now: () => number = () => performance.now(),
): SelfRunner {
  const meter: Meter = { reads: 0, bytes: 0 };
  const before = applied(target, [], (mutated) => use(mutated, meter, false));
  const known = new Set(before.rules);
  const limit = {
    reads: meter.reads * budget.factor + budget.reads,
    bytes: meter.bytes * budget.factor + budget.bytes,
  };
  return {
    run(fuzzCase) {
      meter.reads = 0;
      meter.bytes = 0;
      const start = now();
      const problems: string[] = [];
      let verdict: SelfResult['verdict'] = 'refused';
      let rules: string[] = [];
      try {
        const search = fuzzCase.number % SEARCH_EVERY === 0;
        const used = applied(target, fuzzCase.mutations, (mutated) => use(mutated, meter, search));
        rules = used.rules.filter((rule) => !known.has(rule));
        verdict = used.kind !== before.kind ? 'refused' : rules.length > 0 ? 'rejected' : 'accepted';
        problems.push(...used.problems);
        const surprise = surprised(fuzzCase, verdict, used.rules, rules, used.kind);
        if (surprise !== undefined) problems.push(surprise);
      } catch (error) {
        problems.push(
          `exception: ${error instanceof Error ? `${error.name}: ${error.message} ${placeOf(error)}` : String(error)}`,
        );
      }
      const time = now() - start;
      // Memory that is only claimed is bounded by the budget of the input, not by what the target costs.
      const claims = fuzzCase.mutations.some(({ changes }) => changes.some(isClaim));
      if (time > budget.time) problems.push(`took ${Math.round(time)} ms`);
      if (!claims && meter.reads > limit.reads)
        problems.push(`read memory ${meter.reads} times, but only ${limit.reads} are allowed`);
      if (!claims && meter.bytes > limit.bytes)
        problems.push(`read ${meter.bytes} bytes, but only ${limit.bytes} are allowed`);
      return { verdict, rules, problems, time, ...meter };
    },
  };
}

function isClaim({ kind }: Change): boolean {
  return kind === 'zeros' || kind === 'alias';
}

function placeOf({ stack = '' }: Error): string {
  return /\((?:file:\/\/)?[^()]*?((?:src|dist)\/[^()]+)\)/.exec(stack)?.[1] ?? '';
}

/** What the verdict should have been, where the mutation decides it. */
function surprised(
  { expect }: FuzzCase,
  verdict: SelfResult['verdict'],
  all: readonly string[],
  fresh: readonly string[],
  kind: string,
): string | undefined {
  if (expect.kind === 'accepted' && verdict !== 'accepted') {
    return `should have been accepted, but ${verdict === 'refused' ? `is taken for ${kind}` : `${fresh.join(', ')} fired`}`;
  }
  if (expect.kind !== 'rules' || verdict === 'refused') return undefined;
  if (expect.rules.some((rule) => all.includes(rule))) return undefined;
  return `${expect.rules.join(' or ')} did not fire${fresh.length > 0 ? `, but ${fresh.join(', ')} did` : ''}`;
}

interface Meter {
  reads: number;
  bytes: number;
}

interface Used {
  readonly kind: string;
  readonly rules: readonly string[];
  readonly problems: readonly string[];
}

/** As `kho validate --root` has it. */
function validateOptions(units: readonly VtdUnit[]): ValidateOptions {
  const [unit] = units;
  if (unit === undefined) return {};
  return { settings: unit.settings, vtd: { units, given: unit.given } };
}

/** Everything that the command line does with a dump. */
function use({ target, blob, memory, units }: MutatedTarget, meter: Meter, search: boolean): Used {
  const metered = memory === undefined ? undefined : meteredMemory(budgeted(memory, target), meter);
  const { generation } = target.handover;
  const handover = decodeHandover(blob, {
    ...target.options,
    ...(metered === undefined ? {} : { memory: metered }),
    ...(generation === undefined ? {} : { assume: generation }),
  });
  const problems: string[] = [];
  let rules: string[] = [];
  if (handover.kind === 'handover') {
    const result = validate(handover, catalogue, validateOptions(units));
    const judged = [...result.passed, ...result.failed, ...result.skipped.map(({ rule }) => rule)];
    if (new Set(judged).size !== judged.length) problems.push('a rule was checked twice');
    rules = [...result.failed];
    drain(validateLines('case', handover, result, catalogue), problems);
  }
  if (handover.tree !== undefined && rootNode(handover.tree) >= 0)
    drain(treeLines(handover, rootNode(handover.tree)), problems);
  drain(memoryLines(handover), problems);
  drain(summaryLines(handover, undefined), problems);
  const json = [...jsonChunks(modelJson(handover))].join('');
  if (handover.tree !== undefined) {
    const again = encodeBlob(JSON.parse(json)).bytes;
    if (!equalBytes(again, handover.tree.bytes))
      problems.push(`encoding gives ${again.length} bytes that differ from the blob's ${blob.length}`);
  }
  if (search && metered !== undefined) findTrees(metered);
  return { kind: handover.kind, rules, problems };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function drain(lines: Iterable<string>, problems: string[]): void {
  for (const line of lines)
    if (CONTROL.test(line)) problems.push('a control character of the dump was printed');
}

/** With the budget that the command line gives a file of this size. */
function budgeted(memory: PhysicalMemory, { segments }: FuzzTarget): PhysicalMemory {
  return budgetedMemory(memory, createBudget(segments.reduce((sum, { bytes }) => sum + bytes.length, 0)));
}

function meteredMemory(memory: PhysicalMemory, meter: Meter): PhysicalMemory {
  return {
    ...memory,
    read(address, length, into) {
      meter.reads++;
      const known = memory.read(address, length, into);
      meter.bytes += known;
      return known;
    },
  };
}
