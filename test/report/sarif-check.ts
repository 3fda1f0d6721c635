/** What SARIF 2.1.0 requires of the parts that we write; written from the standard's text (sections 3.13 to 3.59). */
import { expect } from 'vitest';

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

/** Parses a log, holds it to the standard's requirements, and gives its one run. */
export function checkedRun(text: string): SarifRun {
  const log = JSON.parse(text) as { $schema: string; version: string; runs: SarifRun[] };
  expect(log.version).toBe('2.1.0');
  expect(log.$schema).toMatch(/^https:\/\/.*sarif-schema-2\.1\.0\.json$/);
  expect(log.runs).toHaveLength(1);
  const [run] = log.runs;
  if (run === undefined) throw new Error('no run');
  const { rules } = run.tool.driver;
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { shortDescription, help, defaultConfiguration } of rules) {
    for (const { text: words } of [shortDescription, help]) expect(words).toMatch(/\S/);
    expect(LEVELS).toContain(defaultConfiguration.level);
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
