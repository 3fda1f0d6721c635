/** `kho validate --format sarif`: SARIF 2.1.0 (OASIS), for code scanning and for viewers. */
import type { Location } from '../abi/model.js';
import { escapeText } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import { placeKey } from '../validate/baseline.js';
import type { Finding, Rule, Severity } from '../validate/rule.js';
import { shortfallText, verdictOf } from '../validate/verdict.js';
import type { FindingPlace } from './finding-places.js';
import { DEFAULT_JUDGEMENT, failsAsIncomplete, type Judgement, statusOf } from './judgement.js';
import { locationJson } from './model-json.js';
import { treePath } from './place-text.js';
import { ruleDescriptor } from './sarif-rules.js';
import { lineHash, pathUri, sarifText, sdkNumber } from './sarif-text.js';
import type { ValidatedDump } from './validate-json.js';

/** A dump with the byte places of its findings, in the same order. */
export interface PlacedDump extends ValidatedDump {
  readonly places?: readonly FindingPlace[];
}

type Json = { [key: string]: unknown };

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** What code scanning takes of one run. */
export interface SarifLimits {
  readonly results: number;
  /** Characters of all results. */
  readonly text: number;
}

/** GitHub refuses a run with more results, or of more than 10 MB after gzip, which shrinks text to a tenth or less. */
const GITHUB_LIMITS: SarifLimits = { results: 25_000, text: 64 << 20 };
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** What the results have come to, for what is after them. */
interface Progress {
  readonly limits: SarifLimits;
  taken: number;
  leftOut: number;
}

/**
 * One log with one run over all dumps. Levels are the severities, except that errors are warnings where `--fail-on
 * never` accepts them. `region.byteOffset` is the offset in the dump's file, `address.absoluteAddress` the physical address;
 * numbers of more than 31 bits, at which readers give up, are in hex in `address.fullyQualifiedName` and in
 * `properties` alone. Results are the most severe ones, as many as code scanning takes; a notification counts the rest.
 *
 * @param version of the tool
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, jsonChunks, sarifLog, validate } from 'kho-toolkit';
 *
 * const result = validate(decodeHandover(new Uint8Array(64)), catalogue);
 * const log = sarifLog([{ path: 'dump.elf', result }], catalogue, '1.0');
 * const { version, runs } = JSON.parse([...jsonChunks(log)].join(''));
 * console.log(version, runs[0].results[0].ruleId); //=> 2.1.0 FDT-002
 * ```
 */
export function sarifLog(
  dumps: readonly PlacedDump[],
  catalogue: readonly Rule[],
  version: string,
  judgement: Judgement = DEFAULT_JUDGEMENT,
  limits: SarifLimits = GITHUB_LIMITS,
): { [key: string]: unknown } {
  const named = namedRules(dumps);
  const rules = catalogue.filter(({ id }) => named.has(id));
  const ruleIndex = new Map(rules.map(({ id }, index) => [id, index]));
  const progress: Progress = { limits, taken: 0, leftOut: 0 };
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kho', semanticVersion: version, rules: rules.map(ruleDescriptor) } },
        artifacts: dumps.map(({ path, generation }, index) => ({
          location: { uri: path === '-' ? 'stdin' : pathUri(path), index },
          roles: ['analysisTarget'],
          ...(generation === undefined ? {} : { properties: { generation } }),
        })),
        columnKind: 'utf16CodeUnits',
        properties: {
          dumps: dumps.map(({ path, result }) => ({
            path: escapeText(path),
            verdict: result === undefined ? 'unreadable' : verdictOf(result),
            coverage: (result?.coverage ?? []).map(({ area, state, why }) => ({
              area,
              state,
              ...(why === undefined ? {} : { why: escapeText(why) }),
            })),
          })),
        },
        results: { [Symbol.iterator]: () => results(dumps, ruleIndex, judgement, progress) },
        // After the results: how many were left out is known only then.
        invocations: () => [invocation(dumps, judgement, progress)],
      },
    ],
  };
}

function invocation(dumps: readonly PlacedDump[], judgement: Judgement, progress: Progress): Json {
  const exitCode = Math.max(0, ...dumps.map(({ result }) => statusOf(result, judgement)));
  const notifications = [...dumps.entries()].flatMap(([index, dump]) =>
    dumpNotifications(dump, artifactLocation(dumps, index), judgement),
  );
  if (progress.leftOut > 0) {
    const text = `${progress.leftOut} of ${progress.leftOut + progress.taken} results are left out, the least severe ones: code scanning takes no more`;
    notifications.push({ level: 'warning', message: { text }, descriptor: { id: 'kho/results-left-out' } });
  }
  return {
    executionSuccessful: exitCode < 2,
    exitCode,
    ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
  };
}

function dumpNotifications({ result, error }: PlacedDump, artifact: Json, judgement: Judgement): Json[] {
  const notification = (level: Severity, id: string, text: string): Json => ({
    level,
    message: { text: sarifText(text) },
    descriptor: { id: `kho/${id}` },
    locations: [{ physicalLocation: { artifactLocation: artifact } }],
  });
  if (result === undefined) return [notification('error', 'unreadable', error ?? 'cannot be read')];
  const notifications: Json[] = [];
  if (result.missing.length > 0) {
    const level = failsAsIncomplete(result, judgement) ? 'error' : 'warning';
    notifications.push(notification(level, 'incomplete', `incomplete: ${shortfallText(result)}`));
  }
  for (const { area, state, why } of result.coverage) {
    if (state !== 'partly' && state !== 'unchecked') continue;
    const how = state === 'partly' ? 'is checked in part only' : 'is not checked';
    notifications.push(
      notification('note', 'coverage', `${area} ${how}${why === undefined ? '' : `: ${why}`}`),
    );
  }
  return notifications;
}

/** Rules that applied to at least one dump. */
function namedRules(dumps: readonly PlacedDump[]): ReadonlySet<string> {
  const named = new Set<string>();
  for (const { result } of dumps) {
    for (const id of result?.passed ?? []) named.add(id);
    for (const id of result?.failed ?? []) named.add(id);
    for (const { rule } of result?.skipped ?? []) named.add(rule);
  }
  return named;
}

/** The most severe first, over all dumps. */
function* results(
  dumps: readonly PlacedDump[],
  ruleIndex: ReadonlyMap<string, number>,
  judgement: Judgement,
  progress: Progress,
): Generator<Json> {
  progress.taken = 0;
  progress.leftOut = 0;
  const { limits } = progress;
  let text = 0;
  const seen = dumps.map(() => new Map<string, number>());
  for (const severity of SEVERITIES) {
    for (const [index, dump] of dumps.entries()) {
      const artifact = artifactLocation(dumps, index);
      for (const [i, finding] of (dump.result?.findings ?? []).entries()) {
        if (finding.severity !== severity) continue;
        if (progress.taken >= limits.results || text >= limits.text) {
          progress.leftOut++;
          continue;
        }
        const key = placeKey(finding);
        const number = (seen[index]?.get(key) ?? 0) + 1;
        seen[index]?.set(key, number);
        const rule = ruleIndex.get(finding.rule);
        const place = dump.places?.[i] ?? {};
        const result = {
          ruleId: finding.rule,
          ...(rule === undefined ? {} : { ruleIndex: rule }),
          level: levelOf(severity, judgement),
          message: { text: sarifText(finding.message) },
          locations: [findingLocation(finding, place, artifact)],
          partialFingerprints: {
            'khoPlace/v2': escapeText(key.replaceAll('\t', '|')),
            primaryLocationLineHash: `${lineHash(key)}:${number}`,
          },
          ...(dump.baseline === undefined ? {} : { baselineState: 'new' }),
          properties: properties(finding, place),
        };
        progress.taken++;
        text += textLength(result);
        yield result;
      }
    }
  }
}

function textLength(result: Json): number {
  return JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? hex(value) : value)).length;
}

/** An error that fails nothing must not fail a check that looks at levels. */
function levelOf(severity: Severity, { fail }: Judgement): Severity {
  return severity === 'error' && !fail.has('error') ? 'warning' : severity;
}

function artifactLocation(dumps: readonly PlacedDump[], index: number): Json {
  const path = dumps[index]?.path ?? '-';
  return { uri: path === '-' ? 'stdin' : pathUri(path), index };
}

function findingLocation({ location }: Finding, place: FindingPlace, artifact: Json): Json {
  const address = location.address ?? place.address;
  const byteOffset = sdkNumber(place.byteOffset);
  const logical = logicalLocations(location);
  return {
    physicalLocation: {
      artifactLocation: artifact,
      ...(byteOffset === undefined
        ? {}
        : {
            region: {
              byteOffset,
              ...(place.byteLength === undefined ? {} : { byteLength: place.byteLength }),
            },
          }),
      ...(address === undefined ? {} : { address: addressJson(address) }),
    },
    ...(logical.length === 0 ? {} : { logicalLocations: logical }),
  };
}

function addressJson(address: bigint): Json {
  const exact = sdkNumber(address);
  return {
    ...(exact === undefined ? {} : { absoluteAddress: exact }),
    fullyQualifiedName: hex(address),
    kind: 'data',
  };
}

/** Tree path, record field and IOVA: each a place of its own kind. */
function logicalLocations({ fdtPath, property, field, bits, iova, iovaEnd }: Location): Json[] {
  const places: Json[] = [];
  if (fdtPath !== undefined) {
    places.push({
      fullyQualifiedName: escapeText(treePath(fdtPath, property)),
      kind: property === undefined ? 'object' : 'property',
    });
  }
  if (field !== undefined) {
    places.push({ fullyQualifiedName: bits === undefined ? field : `${field} bits ${bits}`, kind: 'member' });
  }
  if (iova !== undefined) {
    const range = iovaEnd === undefined ? hex(iova) : `${hex(iova)}-${hex(iovaEnd)}`;
    places.push({ fullyQualifiedName: `iova ${range}`, kind: 'data' });
  }
  return places;
}

/** What SARIF has no place for; 64-bit numbers as hex. */
function properties({ severity, subject, location, found, expected }: Finding, place: FindingPlace): Json {
  const { byteOffset } = place;
  return {
    severity,
    location: {
      ...locationJson(location),
      ...(byteOffset === undefined ? {} : { byteOffset: hex(byteOffset) }),
    },
    ...(subject === undefined ? {} : { subject: { ...subject } }),
    ...(found === undefined ? {} : { found: escapeText(found) }),
    ...(expected === undefined ? {} : { expected: escapeText(expected) }),
  };
}
