import type { PhysicalMemory } from '../../memory/physical.js';
import type { PasidEntry } from '../../records/vtd.js';
import { sameSettings, type VtdSettings } from '../../schema/settings.js';
import { firstStageFormat } from '../first-stage.js';
import { guestMemory } from '../nested.js';
import { inputWidthOf } from '../registers.js';
import { secondStageFormat } from '../second-stage.js';
import type { WalkRequest } from '../walk/state.js';
import type { DevicePath, UnitTables } from './path.js';

/** One of the paging structures that a request goes through. */
export interface StageRequest {
  readonly stage: 'first' | 'second';
  /** Of a nested first stage, the memory is the guest's. */
  readonly request: WalkRequest;
}

/** Settings with what the device's PASID entry says about its tables. */
export function settingsFor({ steps }: DevicePath, settings: VtdSettings): VtdSettings {
  const value = steps.find(({ kind }) => kind === 'pasid-entry')?.structure?.value;
  if (value === undefined) return settings;
  const { ssade, emte, eafe } = value as PasidEntry;
  return sameSettings({ ...settings, ssade: ssade === 1, emte: emte === 1, eafe: eafe === 1 });
}

/** The stages that a device's requests go through, first first; none where it has no tables. */
export function stageRequests(path: DevicePath, unit: UnitTables): StageRequest[] {
  const { translation } = path;
  const { memory } = unit;
  const settings = settingsFor(path, unit.settings);
  const stages: StageRequest[] = [];
  if (translation === undefined) return stages;
  if (translation.kind === 'second-stage' || translation.kind === 'nested') {
    const { address: root, levels } = translation.second;
    const format = secondStageFormat(settings);
    const inputWidth = inputWidthOf(settings, levels);
    stages.push({ stage: 'second', request: { memory, root, levels, format, inputWidth } });
  }
  if (translation.kind === 'first-stage' || translation.kind === 'nested') {
    const { address: root, levels } = translation.first;
    const [second] = stages;
    const behind: PhysicalMemory = second === undefined ? memory : guestMemory(second.request);
    stages.unshift({
      stage: 'first',
      request: { memory: behind, root, levels, format: firstStageFormat(settings) },
    });
  }
  return stages;
}
