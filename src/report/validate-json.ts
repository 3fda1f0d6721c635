/** `kho validate --format json`. */
import type { Generation } from '../abi/model.js';
import type { ValidationResult } from '../validate/run.js';
import { verdictOf } from '../validate/verdict.js';
import { locationJson, SCHEMA_VERSION } from './model-json.js';

/** One dump's part of the document; `result` is absent when the dump could not be read. */
export interface ValidatedDump {
  readonly path: string;
  readonly generation?: Generation;
  readonly result?: ValidationResult;
  /** Why it is unreadable. */
  readonly error?: string;
  /** With a baseline: findings that were known and are left out of the result, and known ones that are gone. */
  readonly baseline?: { readonly known: number; readonly gone: number };
}

/**
 * The document of `validate --format json`; schemas/validate.schema.json describes it.
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, jsonChunks, validate, validateJson } from 'kho-toolkit';
 *
 * const result = validate(decodeHandover(new Uint8Array(64)), catalogue);
 * const { dumps } = JSON.parse([...jsonChunks(validateJson([{ path: 'kho.dtb', result }]))].join(''));
 * console.log(dumps[0].verdict); //=> invalid
 * ```
 */
export function validateJson(dumps: readonly ValidatedDump[]): { [key: string]: unknown } {
  return { schemaVersion: SCHEMA_VERSION, dumps: dumps.map(dumpJson) };
}

function dumpJson({ path, generation, result, error, baseline }: ValidatedDump): { [key: string]: unknown } {
  if (result === undefined) {
    return {
      path,
      generation,
      verdict: 'unreadable',
      error,
      coverage: [],
      findings: [],
      rules: { run: 0, passed: 0, failed: 0, skipped: [] },
    };
  }
  const { findings, passed, failed, skipped, coverage, missing } = result;
  return {
    path,
    generation,
    verdict: verdictOf(result),
    missing: missing.length === 0 ? undefined : missing.map(({ kind, what }) => ({ kind, what })),
    coverage: coverage.map(({ area, state, why }) => ({ area, state, why })),
    baseline,
    findings: findings.map(({ rule, severity, message, subject, location, found, expected }) => ({
      rule,
      severity,
      message,
      subject,
      location: locationJson(location),
      found,
      expected,
    })),
    rules: {
      run: passed.length + failed.length,
      passed: passed.length,
      failed: failed.length,
      skipped: skipped.map(({ rule, why }) => ({ rule, why })),
    },
  };
}
