/** `kho info`: what a dump is, in one line and as data. */
import type { Handover } from '../abi/model.js';
import type { Findings, FoundTree } from '../decode/find.js';
import type { Direction } from '../decode/find-direction.js';
import { handoverReleases } from '../decode/upstream/releases.js';
import { escapeText } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import type { ValidationResult } from '../validate/run.js';
import { shortfallText, verdictOf } from '../validate/verdict.js';
import { SCHEMA_VERSION } from './model-json.js';
import type { Paint } from './paint.js';
import { summaryRows } from './summary-text.js';
import { countsText, verdictRole } from './validate-text.js';

/** A tree of a dump, and what was found out about it. */
export interface InfoTree {
  readonly handover: Handover;
  readonly found?: FoundTree;
  readonly direction?: Direction;
  /** Names and texts of what the dump says beside the tree. */
  readonly evidence: readonly (readonly [string, string])[];
  /** Absent for what is no handover: no rule is about it. */
  readonly result?: ValidationResult;
}

export interface InfoDump {
  readonly path: string;
  readonly description?: string;
  readonly trees: readonly InfoTree[];
  readonly findings?: Findings;
  /** Why it cannot be read. */
  readonly error?: string;
}

type Json = { [key: string]: unknown };

/** Releases that can have written a handover. */
function writers(handover: Handover): string[] {
  return (handoverReleases(handover)?.from ?? []).map(({ release }) => release);
}

function takers(handover: Handover, how: 'yes' | 'unsure'): string[] {
  return (handoverReleases(handover)?.to ?? [])
    .filter(({ takeover }) => takeover === how)
    .map(({ abi }) => abi.release);
}

const KINDS: Readonly<Record<Handover['kind'], string>> = {
  handover: 'handover',
  rider: 'blob of one subsystem',
  'boot-fdt': 'boot device tree',
  unknown: 'no handover',
};

/** `kho-v4 handover, written by Linux 7.2 or 7.3, incoming: valid, 3 notes`: what it is, by whom, which way, how it is. */
export function headline({ handover, direction, result }: InfoTree, paint: Paint): string {
  const { kind, generation, takenOver } = handover;
  const by = writers(handover);
  const parts = [
    [generation, KINDS[kind]].filter((each) => each !== undefined).join(' '),
    ...(by.length === 0 ? [] : [`written by Linux ${alternatives(by)}`]),
    ...(direction === undefined ? [] : [direction]),
    ...(takenOver === undefined ? [] : ['taken over by the running kernel']),
  ];
  const what = escapeText(parts.join(', '));
  if (result === undefined) return what;
  const verdict = verdictOf(result);
  const counts = paint('faint', `, ${countsText(result)}`);
  return `${what}: ${paint(verdictRole(verdict), verdict)}${counts}`;
}

/** `7.1, 7.2 or 7.3`. */
function alternatives(names: readonly string[]): string {
  const [last = '', ...others] = names.toReversed();
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
}

/** @param dumps as {@link infoDumpJson} makes them, while each is open */
export function infoJson(dumps: readonly Json[]): Json {
  return { schemaVersion: SCHEMA_VERSION, dumps };
}

/** One dump's part of the document; reads its memory. */
export function infoDumpJson({ path, description, trees, findings, error }: InfoDump): Json {
  const { others = [], truncated = [] } = findings ?? {};
  return {
    ...{ path, description, error },
    trees: trees.map(treeJson),
    notUsed: others.map(({ addresses, direction, takenOver }) => ({
      ...{ addresses: addresses.map(hex), direction, takenOver: takenOver === undefined ? undefined : true },
    })),
    truncated: truncated.map(({ address, totalsize }) => ({ address: hex(address), totalsize })),
  };
}

function treeJson({ handover, found, direction, evidence, result }: InfoTree): Json {
  const { kind, generation, pageSize, takenOver, diagnostics } = handover;
  const count = (severity: string): number =>
    result?.findings.filter((finding) => finding.severity === severity).length ?? 0;
  return {
    ...{ kind, generation, direction, takenOver: takenOver?.why },
    verdict: result === undefined ? undefined : verdictOf(result),
    missing: result === undefined || result.missing.length === 0 ? undefined : shortfallText(result),
    findings:
      result === undefined
        ? undefined
        : { errors: count('error'), warnings: count('warning'), notes: count('note') },
    ...{ writtenBy: writers(handover), takenBy: takers(handover, 'yes') },
    perhapsTakenBy: takers(handover, 'unsure'),
    addresses: found?.addresses.map(hex),
    foundBy: found?.how,
    pageSize,
    diagnostics: diagnostics.length,
    parts: [...summaryRows(handover, found), ...evidence].map(([name, text]) => ({ name, text })),
  };
}
