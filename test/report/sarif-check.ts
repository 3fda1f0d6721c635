/** The official schema of SARIF 2.1.0, and what the standard's text (sections 3.13 to 3.59) requires beyond it. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'vitest';

/** The schema as SchemaStore publishes it and @microsoft/jest-sarif ships it: draft 4, revision rtm.5. */
const SCHEMA = new URL(
  '../../node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json',
  import.meta.url,
);

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => /^[a-z][a-z0-9+.-]*:[\w.~!$&'()*+,;=:@%/?#[\]-]*$/i.test(text) && URL.canParse(text),
  'uri-reference': (text) =>
    /^(?:[\w.~!$&'()*+,;=:@/?#[\]-]|%[0-9A-F]{2})*$/i.test(text) && URL.canParse(text, 'file:///a/b'),
  'date-time': (text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text),
};

function officialSchema() {
  const { id, $schema, ...schema } = JSON.parse(readFileSync(SCHEMA, 'utf8'));
  // What draft 7 means otherwise than draft 4, this schema does not use.
  expect($schema).toContain('draft-04');
  expect(JSON.stringify(schema)).not.toMatch(/"exclusiveM(?:in|ax)imum"|"id":"/);
  const ajv = new Ajv({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    unicodeRegExp: false,
    allErrors: true,
  });
  for (const [name, validate] of Object.entries(FORMATS)) ajv.addFormat(name, validate);
  return ajv.compile({ ...schema, $id: id });
}

let official: ReturnType<typeof officialSchema> | undefined;

/** Errors of a log by the official schema. */
export function schemaErrors(log: unknown): string[] {
  official ??= officialSchema();
  official(log);
  return (official.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

export interface SarifLocation {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly index: number };
    readonly region?: { readonly byteOffset: number; readonly byteLength?: number };
    readonly address?: { readonly absoluteAddress?: number; readonly fullyQualifiedName: string };
  };
  readonly logicalLocations?: readonly { readonly fullyQualifiedName: string; readonly kind: string }[];
}

export interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly SarifLocation[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly baselineState?: string;
}

export interface SarifRun {
  readonly tool: {
    readonly driver: {
      readonly name: string;
      readonly rules: readonly {
        readonly id: string;
        readonly shortDescription: { readonly text: string };
        readonly help: { readonly text: string };
        readonly defaultConfiguration: { readonly level: string };
      }[];
    };
  };
  readonly invocations: readonly {
    readonly executionSuccessful: boolean;
    readonly toolExecutionNotifications?: readonly {
      readonly level: string;
      readonly message: { text: string };
    }[];
  }[];
  readonly artifacts: readonly { readonly location: { readonly uri: string; readonly index: number } }[];
  readonly results: readonly SarifResult[];
}

const LEVELS = ['none', 'note', 'warning', 'error'];

/** Lists of rules that conform: hundreds, the same in every log of a generation. */
const conforming = new Set<string>();

/** Parses a log, holds it to the standard's requirements, and gives its one run. */
export function checkedRun(text: string): SarifRun {
  const log = JSON.parse(text) as { $schema: string; version: string; runs: SarifRun[] };
  expect(log.version).toBe('2.1.0');
  expect(log.$schema).toMatch(/^https:\/\/.*sarif-schema-2\.1\.0\.json$/);
  expect(log.runs).toHaveLength(1);
  const [run] = log.runs;
  if (run === undefined) throw new Error('no run');
  const { rules } = run.tool.driver;
  const list = JSON.stringify(rules);
  if (conforming.has(list)) {
    const driver = { ...run.tool.driver, rules: [] };
    expect(schemaErrors({ ...log, runs: [{ ...run, tool: { ...run.tool, driver } }] })).toEqual([]);
  } else {
    expect(schemaErrors(log)).toEqual([]);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { shortDescription, help, defaultConfiguration } of rules) {
      for (const { text: words } of [shortDescription, help]) expect(words).toMatch(/\S/);
      expect(LEVELS).toContain(defaultConfiguration.level);
    }
    conforming.add(list);
  }
  for (const [index, { location }] of run.artifacts.entries()) {
    expect(location.index).toBe(index);
    expect(location.uri).toMatch(/^[A-Za-z0-9._~!$&'()*+,;=:@%/-]+$/);
  }
  for (const result of run.results) {
    expect(rules[result.ruleIndex]?.id).toBe(result.ruleId);
    expect(LEVELS).toContain(result.level);
    expect(result.message.text).toMatch(/\S/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(result.message.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    for (const { physicalLocation, logicalLocations } of result.locations) {
      const { artifactLocation, region, address } = physicalLocation;
      expect(run.artifacts[artifactLocation.index]?.location.uri).toBe(artifactLocation.uri);
      for (const number of [region?.byteOffset, region?.byteLength, address?.absoluteAddress]) {
        if (number !== undefined) expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
      }
      if (address !== undefined) expect(address.fullyQualifiedName).toMatch(/^0x[0-9a-f]+$/);
      if (logicalLocations !== undefined) expect(logicalLocations.length).toBeGreaterThan(0);
    }
  }
  return run;
}
