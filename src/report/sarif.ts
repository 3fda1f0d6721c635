/** `kho validate --format sarif`: SARIF 2.1.0 (OASIS), for code scanning and for viewers. */
import type { Location } from '../abi/model.js';
import { escapeText } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import { placeKey } from '../validate/baseline.js';
import type { Finding, Rule } from '../validate/rule.js';
import type { FindingPlace } from './finding-places.js';
import { locationJson } from './model-json.js';
import { exactNumber, pathUri, sarifText } from './sarif-text.js';
import type { ValidatedDump } from './validate-json.js';

/** A dump with the byte places of its findings, in the same order. */
export interface PlacedDump extends ValidatedDump {
  readonly places?: readonly FindingPlace[];
}

type Json = { [key: string]: unknown };

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * One log with one run over all dumps. Severities are SARIF's own levels. `region.byteOffset` is the offset in
 * the dump's file, `address.absoluteAddress` the physical address; numbers that JSON cannot hold exactly
 * (2^53 and above) stand as hex in `address.fullyQualifiedName` alone.
 *
 * @param version of the tool
 */
export function sarifLog(dumps: readonly PlacedDump[], catalogue: readonly Rule[], version: string): Json {
  const named = namedRules(dumps);
  const rules = catalogue.filter(({ id }) => named.has(id));
  const ruleIndex = new Map(rules.map(({ id }, index) => [id, index]));
  const unreadable = dumps.flatMap(({ error }, index) => (error === undefined ? [] : [{ error, index }]));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kho', semanticVersion: version, rules: rules.map(ruleDescriptor) } },
        invocations: [
          {
            executionSuccessful: unreadable.length === 0,
            ...(unreadable.length === 0
              ? {}
              : {
                  toolExecutionNotifications: unreadable.map(({ error, index }) => ({
                    level: 'error',
                    message: { text: sarifText(error) },
                    locations: [{ physicalLocation: { artifactLocation: artifactLocation(dumps, index) } }],
                  })),
                }),
          },
        ],
        artifacts: dumps.map(({ path, generation }, index) => ({
          location: { uri: path === '-' ? 'stdin' : pathUri(path), index },
          roles: ['analysisTarget'],
          ...(generation === undefined ? {} : { properties: { generation } }),
        })),
        columnKind: 'utf16CodeUnits',
        results: { [Symbol.iterator]: () => results(dumps, ruleIndex) },
      },
    ],
  };
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

function ruleDescriptor({
  id,
  title,
  severity,
  consequence,
  evidence,
  source,
  generations,
  example,
}: Rule): Json {
  const instance = example === undefined ? '' : `\nExample: ${example.message}.`;
  return {
    id,
    shortDescription: { text: sarifText(title) },
    fullDescription: { text: sarifText(`Must hold: ${title}. Otherwise: ${consequence}.`) },
    help: {
      text: sarifText(
        `Must hold: ${title}.\nOtherwise: ${consequence}.\nDecided by: ${evidence}.\nSource: ${source}.${instance}`,
      ),
    },
    defaultConfiguration: { level: severity },
    properties: { source, evidence, generations },
  };
}

function* results(dumps: readonly PlacedDump[], ruleIndex: ReadonlyMap<string, number>): Generator<Json> {
  for (const [index, { result, places, baseline }] of dumps.entries()) {
    for (const [i, finding] of (result?.findings ?? []).entries()) {
      const location = findingLocation(finding, places?.[i] ?? {}, artifactLocation(dumps, index));
      const rule = ruleIndex.get(finding.rule);
      yield {
        ruleId: finding.rule,
        ...(rule === undefined ? {} : { ruleIndex: rule }),
        level: finding.severity,
        message: { text: sarifText(finding.message) },
        locations: [location],
        partialFingerprints: { 'khoPlace/v1': escapeText(placeKey(finding).replaceAll('\t', '|')) },
        ...(baseline === undefined ? {} : { baselineState: 'new' }),
        properties: properties(finding),
      };
    }
  }
}

function artifactLocation(dumps: readonly PlacedDump[], index: number): Json {
  const path = dumps[index]?.path ?? '-';
  return { uri: path === '-' ? 'stdin' : pathUri(path), index };
}

function findingLocation({ location }: Finding, place: FindingPlace, artifact: Json): Json {
  const address = location.address ?? place.address;
  const byteOffset = exactNumber(place.byteOffset);
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
  const exact = exactNumber(address);
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
    const path = property === undefined ? fdtPath : `${fdtPath === '/' ? '' : fdtPath}/${property}`;
    places.push({
      fullyQualifiedName: escapeText(path),
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
function properties({ location, found, expected }: Finding): Json {
  return {
    location: locationJson(location),
    ...(found === undefined ? {} : { found: escapeText(found) }),
    ...(expected === undefined ? {} : { expected: escapeText(expected) }),
  };
}
