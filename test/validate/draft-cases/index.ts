/** One way or more to make each rule on drafts fail. */
import type { DraftCase } from './base.js';
import { FILES } from './files.js';
import { IOMMU } from './iommu.js';
import { MEMORY } from './memory.js';

export const DRAFT_CASES: readonly DraftCase[] = [...IOMMU, ...FILES, ...MEMORY];
