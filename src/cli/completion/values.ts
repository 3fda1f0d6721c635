/** What may follow an option, or be an argument: words, or names of files. */
import { FORMS, GENERATIONS } from '../../abi/model.js';
import { LUO_VERSIONS } from '../../abi/upstream/model.js';
import { recordTypes } from '../../records/index.js';
import { recordNames } from '../../report/explain-names.js';
import { MORE_NAMES } from '../../synth/more.js';
import { IOMMU_STAGES } from '../../synth/upstream-plan.js';
import { catalogue } from '../../validate/catalogue.js';
import { areaOf } from '../../validate/coverage.js';
import { RELEASES } from '../../versions/table.js';
import type { PositionalInfo } from '../command-table.js';
import { VALIDATE_FORMATS } from '../validate-outputs.js';
import { WALK_FORMATS } from '../walk-text.js';
import { SHELLS } from './shells.js';

export interface Values {
  readonly words: readonly string[];
  /** Whether several go together, separated by commas. */
  readonly list?: true;
  /** Whether names of files or folders are values too. */
  readonly files?: 'files' | 'folders';
}

const NONE: Values = { words: [] };
const FILES: Values = { words: [], files: 'files' };
const FOLDERS: Values = { words: [], files: 'folders' };
const TEXT_OR_JSON: Values = { words: ['text', 'json'] };

/** By option, or by `command.option` where commands differ. */
function valueTable(): ReadonlyMap<string, Values> {
  const ids = catalogue.map(({ id }) => id);
  const areas = [...new Set(ids.map(areaOf))];
  const rules: Values = { words: [...areas, ...ids], list: true };
  const releases = RELEASES.map(({ release }) => release);
  return new Map<string, Values>([
    ['memory', FILES],
    ['regset', FILES],
    ['iomem', FILES],
    ['baseline', FILES],
    ['write-baseline', FILES],
    ['truth', FILES],
    ['output', FILES],
    ['spool', FOLDERS],
    ['root-dir', FOLDERS],
    ['fuzz.output', FOLDERS],
    ['validate.output', { words: VALIDATE_FORMATS.map((name) => `${name}=`), files: 'files' }],
    ['tree', { words: ['incoming', 'outgoing'] }],
    ['page-size', { words: ['4k', '16k', '64k'] }],
    ['assume', { words: [...GENERATIONS, ...FORMS], list: true }],
    ['color', { words: ['auto', 'always', 'never'] }],
    ['rev', { words: ['2', '3', '4', '5'] }],
    ['rule', rules],
    ['skip', rules],
    ['require', { words: areas, list: true }],
    ['fail-on', { words: ['error', 'warning', 'never'] }],
    ['abi', { words: GENERATIONS }],
    ['release', { words: releases }],
    ['explain.c-header', { words: [...new Set(RELEASES.map(({ kho }) => kho)), ...releases] }],
    ['luo', { words: LUO_VERSIONS }],
    ['synth.stage', { words: IOMMU_STAGES }],
    ['synth.with', { words: MORE_NAMES, list: true }],
    ['walk.stage', { words: ['first', 'second'] }],
    ['validate.to', { words: releases }],
    ['encode.to', { words: ['dtb', 'elf'] }],
    ['synth.to', { words: ['elf', 'dtb'] }],
    ['walk.domain', { words: ['all'], list: true }],
    ['dump.format', { words: ['tree', 'json', 'dts'] }],
    ['validate.format', { words: VALIDATE_FORMATS }],
    ['walk.format', { words: WALK_FORMATS }],
    ['format', TEXT_OR_JSON],
    [
      'explain.topic',
      { words: ['abi', 'records', ...areas, ...ids, ...recordNames(recordTypes).filter(isWord)] },
    ],
    ['completion.shell', { words: SHELLS }],
  ]);
}

/** A name that no shell splits; the others are long descriptions of bytes. */
function isWord(name: string): boolean {
  return /^[\w.-]+$/.test(name);
}

/** Looks up what an option or an argument of a command takes. */
export interface ValueFinder {
  option(command: string, option: string): Values;
  positional(command: string, positional: PositionalInfo): Values;
}

export function valueFinder(): ValueFinder {
  const table = valueTable();
  const find = (command: string, name: string): Values | undefined => table.get(`${command}.${name}`);
  return {
    option: (command, option) => find(command, option) ?? table.get(option) ?? NONE,
    positional: (command, { name, choices }) =>
      find(command, name) ??
      (choices !== undefined ? { words: choices } : NOT_FILES.has(name) ? NONE : FILES),
  };
}

/** Arguments that are numbers. */
const NOT_FILES: ReadonlySet<string> = new Set(['addresses', 'address']);
