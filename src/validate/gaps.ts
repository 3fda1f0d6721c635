/** Rows of the specifications that are no rule of their own, all areas together. */
import { notBuilt as upstream } from './upstream/not-built.js';
import { notBuilt as vtd } from './vtd/not-built.js';

export const gaps: readonly { readonly source: string; readonly reason: string }[] = [
  { source: 'rfc-2024 S1', reason: 'the same as I19 (DMAR-019)' },
  {
    source: 'rfc-2024 S14',
    reason: 'what KHO-008, KHO-011, KHO-016, DMAR-009 and DMAR-010 say together',
  },
  ...upstream.map(({ source, reason }) => ({ source, reason })),
  ...vtd.map(({ row, reason }) => ({ source: `vtd ${row}`, reason })),
];
