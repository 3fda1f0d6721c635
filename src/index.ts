/** The library: what the command line is built on, without Node built-ins, so that it also runs in a browser. */
export type { Diagnostic, Generation, Handover, Location } from './abi/model.js';
export { type Findings, type FoundTree, findTrees } from './decode/find.js';
export { type DecodeOptions, decodeHandover } from './decode/handover.js';
export { type Diff, type DiffOptions, diffHandovers } from './diff/diff.js';
export type { Difference, Gap } from './diff/difference.js';
export { type Coverage, coverageOf } from './diff/kept/coverage.js';
export { type EncodedBlob, encodeBlob } from './encode/blob.js';
export { type EncodedElf, encodeElf } from './encode/elf.js';
export { ModelError } from './encode/from-json.js';
export { checkFdt } from './fdt/check.js';
export type { FdtDiagnostic } from './fdt/diagnostics.js';
export { dtsLines } from './fdt/dts.js';
export { type FdtTree, parseFdt } from './fdt/parse.js';
export { findNode, findProperty, propertyValue } from './fdt/tree.js';
export { createFdtWriter, type FdtWriter } from './fdt/writer.js';
export { caseBytes } from './fuzz/apply.js';
export { type CaseMaker, caseMaker, type FuzzCase } from './fuzz/generate.js';
export type { Mutation } from './fuzz/mutation.js';
export { blobTarget, type FuzzTarget, memoryTarget } from './fuzz/target.js';
export { type ElfCore, elfMemory, parseElfCore } from './memory/elf/core.js';
export { overlay } from './memory/overlay.js';
export type { ByteState, MemoryRun, PhysicalMemory } from './memory/physical.js';
export { bytesAccess, type RandomAccess } from './memory/random-access.js';
export { readBytes } from './memory/read.js';
export { blobMemory, type MemorySegment, segmentsMemory } from './memory/segments.js';
export { type OpenedBytes, type OpenedHandover, openDump } from './open.js';
export { recordTypes } from './records/index.js';
export type { Place } from './references/place.js';
export { diffJson } from './report/diff-json.js';
export { diffLines } from './report/diff-text.js';
export { jsonChunks } from './report/json-chunks.js';
export { DEFAULT_JUDGEMENT, type Judgement, statusOf } from './report/judgement.js';
export { junitLines } from './report/junit.js';
export { ktapLines } from './report/ktap.js';
export { modelJson } from './report/model-json.js';
export { type PageInput, type PageMeta, reportPage } from './report/page/page.js';
export { type PlacedDump, sarifLog } from './report/sarif.js';
export { treeLines } from './report/tree-text.js';
export { type ValidatedDump, validateJson } from './report/validate-json.js';
export { validateLines } from './report/validate-text.js';
export { whatJson } from './report/what-json.js';
export { whatLines } from './report/what-text.js';
export type { RecordType } from './schema/record.js';
export { DEFAULT_SETTINGS, type VtdSettings } from './schema/settings.js';
export { SynthError, type SynthOptions } from './synth/options.js';
export type { Region } from './synth/regions.js';
export type { RfcPlan } from './synth/rfc-plan.js';
export { planFromSeed, type SynthPlan, synthesise } from './synth/synth.js';
export type { Synthesis } from './synth/synthesis.js';
export type { UpstreamPlan } from './synth/upstream-plan.js';
export { type Trimmed, type TrimOptions, trimHandover } from './trim/trim.js';
export type * from './types.js';
export {
  applyBaseline,
  type Baseline,
  baselineJson,
  createBaseline,
  parseBaseline,
} from './validate/baseline.js';
export { catalogue } from './validate/catalogue.js';
export type { Finding, Rule, Severity } from './validate/rule.js';
export { type ValidateOptions, type ValidationResult, validate } from './validate/run.js';
export { type PossibleReleases, possibleReleases, releaseNamed } from './versions/releases.js';
export { ABI_VERSIONS, type AbiVersion, RELEASES, type ReleaseAbi } from './versions/table.js';
export { listDevices } from './vtd/context/list.js';
export { firstStageFormat } from './vtd/first-stage.js';
export { parseRegset, settingsOfUnit, type UnitRegisters } from './vtd/registers.js';
export { secondStageFormat } from './vtd/second-stage.js';
export { type MappedRun, mergeRuns } from './vtd/walk/runs.js';
export type { WalkRequest } from './vtd/walk/state.js';
export { type TranslateRequest, type Translation, translate } from './vtd/walk/translate.js';
export { type Walk, walkTable } from './vtd/walk/walk.js';
export { parseQuery, type Query } from './what/query.js';
export { type SpaceUnit, spacesOf } from './what/spaces.js';
export { type Answer, QueryError, type WhatOptions, whatIs } from './what/what.js';
