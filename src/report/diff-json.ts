/** `kho diff --format json`. */
import type { Diff } from '../diff/diff.js';
import type { Difference, Field, Value } from '../diff/difference.js';
import type { Coverage, Uncovered } from '../diff/kept/coverage.js';
import type { Place } from '../references/place.js';
import { type DiffSide, sideFacts } from './diff-sides.js';
import { SCHEMA_VERSION } from './model-json.js';
import { nameKeys } from './text-json.js';

type Json = { [key: string]: unknown };

/** Longer bytes are told by their length and by how they differ. */
const MAX_BYTES = 64;

/**
 * The document. Differences are drawn as they are written, and what is known only after them follows.
 *
 * @example
 * ```ts
 * import { coverageOf, decodeHandover, diffHandovers, diffJson, jsonChunks, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const side = { path: 'dump.elf', handover: decodeHandover(blob, { memory }) };
 * const json = diffJson(side, side, diffHandovers(side.handover, side.handover), coverageOf(side.handover, side.handover), false);
 * const { differences } = JSON.parse([...jsonChunks(json)].join(''));
 * console.log(differences.length); //=> 0
 * ```
 */
export function diffJson(
  a: DiffSide,
  b: DiffSide,
  diff: Diff,
  coverage: Coverage,
  strict: boolean,
): { [key: string]: unknown } {
  const { tally, gaps } = diff;
  return {
    schemaVersion: SCHEMA_VERSION,
    strict,
    a: sideJson(a),
    b: sideJson(b),
    differences: differencesJson(diff),
    notCompared: () => gaps.map(({ place, what, missing }) => ({ place: placeJson(place), what, missing })),
    moreNotCompared: () => (diff.moreGaps() === 0 ? undefined : diff.moreGaps()),
    coverage: coverageJson(coverage),
    summary: () => ({ ...tally }),
    equal: () => isEqual(diff, coverage),
  };
}

/** Whether there is nothing to report; to be asked after the differences have been drawn. */
export function isEqual({ tally }: Diff, { verdict }: Coverage): boolean {
  return tally.added + tally.removed + tally.changed === 0 && verdict !== 'lost';
}

function sideJson({ path, direction, handover }: DiffSide): Json {
  return { path, tree: direction, kind: handover.kind, ...sideFacts(handover) };
}

function* differencesJson({ differences }: Diff): Generator<Json> {
  for (const difference of differences) yield differenceJson(difference);
}

function differenceJson({ kind, place, field, a, b, expected, contents, bytes, secret }: Difference): Json {
  return {
    kind,
    place: placeJson(place),
    field,
    a: secret === true ? undefined : valueJson(a),
    b: secret === true ? undefined : valueJson(b),
    expected,
    bytes,
    contents: contents === undefined || contents.length === 0 ? undefined : contents.map(contentJson),
  };
}

function contentJson({ name, value, secret }: Field): Json {
  return {
    field: name,
    value: secret === true ? undefined : valueJson(value ?? undefined),
    bytes: value instanceof Uint8Array ? value.length : undefined,
  };
}

function valueJson(value: Value | undefined): Value | undefined {
  return value instanceof Uint8Array && value.length > MAX_BYTES ? undefined : value;
}

/** Names as text, and as hex beside it where the text does not tell all the bytes. */
function placeJson(place: Place): Json {
  const { session, flb, file, ...rest } = place;
  const { part, ...others } = rest;
  return {
    part,
    ...(session === undefined ? {} : nameKeys('session', session)),
    ...(flb === undefined ? {} : nameKeys('flb', flb)),
    ...(file === undefined ? {} : nameKeys('file', file)),
    ...others,
  };
}

function coverageJson({ verdict, notAsked, bytes, uncovered, lost, entries }: Coverage): Json {
  if (notAsked !== undefined) return { verdict, why: notAsked };
  return { verdict, bytes, uncovered, lost, entries: entries.map(entryJson) };
}

function entryJson({ status, place, what, bytes, ranges }: Uncovered): Json {
  return { status, place: placeJson(place), what, bytes, ranges: rangesJson(place, ranges) };
}

function* rangesJson(place: Place, ranges: Uncovered['ranges']): Generator<Json> {
  const key = place.part === 'domain' ? 'iova' : 'offset';
  for (const { start, end, position } of ranges) yield { start, end, [key]: position };
}
