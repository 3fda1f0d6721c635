/** `kho explain --format json`: rules, records, and which release wrote which ABI string. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import { formsOf } from '../structures/forms.js';
import { exampleOf } from '../validate/example.js';
import type { Rule } from '../validate/rule.js';
import { formReleases } from '../versions/forms.js';
import { ABI_VERSIONS, RELEASES } from '../versions/table.js';
import { areaOf, areaTitle } from './areas.js';
import { SCHEMA_VERSION } from './model-json.js';

type Json = { [key: string]: unknown };

/** Rules in the catalogue's order. */
export function rulesJson(rules: readonly Rule[]): Json {
  return { schemaVersion: SCHEMA_VERSION, rules: rules.map(ruleJson) };
}

function ruleJson(rule: Rule): Json {
  const { id, title, severity, generations, source, evidence, consequence, requires = [], needs = [] } = rule;
  return {
    ...{ id, area: areaOf(id), areaTitle: areaTitle(id), severity, title, consequence, evidence, source },
    ...{ generations, requires, needs },
    example: exampleOf(id),
  };
}

/** Records with their fields. */
export function recordsJson(records: readonly RecordType<unknown>[]): Json {
  return { schemaVersion: SCHEMA_VERSION, records: records.map(recordJson) };
}

function recordJson(record: RecordType<unknown>): Json {
  const { file, name, kernelName, doc, docRef, endian, size, fields } = record;
  const form = formsOf(name).find((each) => each.record === name);
  return {
    ...{ name, kernelName, file, doc: doc.trim(), sources: docRef, endian, size },
    form: form?.of,
    releases: form === undefined ? undefined : formReleases(form),
    fields: fields.map(fieldJson),
  };
}

function fieldJson({
  kernelName,
  doc,
  kind,
  bitOffset,
  bitWidth,
  unit,
  values,
  pointer,
  record,
  length,
}: FieldInfo): Json {
  return {
    ...{ name: kernelName, doc: doc.trim(), kind, bitOffset, bitWidth, unit },
    record: record?.name,
    length,
    values:
      values === undefined ? undefined : [...values].map(([value, name]) => ({ value: `${value}`, name })),
    pointsTo: pointer?.to,
  };
}

/** What each release writes and reads, and the ABI strings with the commits that made them; newest first. */
export function abiJson(): Json {
  return {
    schemaVersion: SCHEMA_VERSION,
    releases: RELEASES.map((release) => ({ ...release })),
    abi: ABI_VERSIONS.map((version) => ({ ...version })),
  };
}
