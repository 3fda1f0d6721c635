/** What a handed-over IOMMU state has to satisfy, clause by clause: the rules that say so, each with a dump that breaks it. */
import { expect, test } from 'vitest';
import { TABLE_CASES } from '../../src/structures/iommu/cases-tables.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { DRAFT_CASES } from './draft-cases/index.js';

const CLAUSES: Readonly<Record<string, readonly string[]>> = {
  'versions and strings are known': ['IOMMU-001', 'PCI-001', 'IOMMUFD-111', 'IOMMU-014'],
  'pages of arrays: counts, capacity, chain, no page shared': [
    'IOMMU-003',
    'IOMMU-004',
    'IOMMU-005',
    'IOMMU-006',
    'IOMMU-007',
    'IOMMU-008',
    'IOMMU-009',
    'IOMMU-010',
  ],
  'every device in use has a domain and a unit in use, of the right array': ['IOMMU-020', 'IOMMU-021'],
  'ref_counts are what refers': ['IOMMU-018'],
  'unit tokens are unique': ['IOMMU-016'],
  'segment and bdf are unique': ['IOMMU-023', 'VFIO-003', 'PCI-004'],
  'a device is in the context or PASID entry below the root table of its unit': ['IOMMU-050'],
  'with attachment_id as domain id': ['IOMMU-051', 'IOMMU-025', 'IOMMU-026'],
  'with the top table, level and stage of its domain': ['IOMMU-052', 'IOMMU-053', 'IOMMU-060', 'IOMMU-032'],
  'the bitmap of context tables is that of the root table': ['IOMMU-054', 'IOMMU-022'],
  'PASID fields are those of the mode': ['IOMMU-027', 'IOMMU-028', 'IOMMU-055'],
  'top_level goes with vasz and with the tables': ['IOMMU-031', 'IOMMU-033', 'IOMMU-059'],
  'every table page is preserved': ['VTD-136', 'IOMMU-019', 'IOMMU-029', 'IOMMU-030'],
  'every mapped page is preserved': ['VTD-138'],
  'and in a memfd of the same session': ['IOMMU-056'],
  'that is sealed as the writer demands': ['IOMMU-057'],
  'IOVAs are inside vasz': ['IOMMU-058'],
  'page tables of an iommufd are domains in use, with unique tokens': [
    'IOMMUFD-104',
    'IOMMUFD-105',
    'IOMMUFD-106',
    'IOMMUFD-108',
  ],
  'the owner token is the LUO token of the iommufd': ['IOMMUFD-109', 'IOMMUFD-110', 'VFIO-008'],
  'a VFIO device is in the IOMMU and in the PCI state': ['VFIO-004', 'VFIO-005', 'VFIO-006'],
  'PCI refcounts are devices at or below; the bridges are there': [
    'PCI-003',
    'PCI-005',
    'PCI-006',
    'PCI-007',
    'PCI-011',
  ],
  'counts of FLBs are the files of their kind': ['FLB-006', 'FLB-008', 'FLB-009'],
  'files come in order: memfds, iommufd, VFIO devices': ['IOMMU-061', 'VFIO-007'],
  'units and devices of SMMUv3': ['IOMMU-017', 'IOMMU-034', 'IOMMU-035'],
};

test.each(Object.entries(CLAUSES))('%s', (_clause, rules) => {
  const known = new Set(catalogue.map(({ id }) => id));
  const broken = new Set([...DRAFT_CASES, ...TABLE_CASES].map(({ rule }) => rule));
  expect(rules.filter((id) => !known.has(id) || !broken.has(id))).toEqual([]);
});

test('every rule on IOMMU state is one of them, or on what no kernel reads', () => {
  const told = new Set(Object.values(CLAUSES).flat());
  const rest = catalogue.map(({ id }) => id).filter((id) => /^IOMMU-/.test(id) && !told.has(id));
  expect(rest.sort()).toEqual(['IOMMU-002', 'IOMMU-011', 'IOMMU-012', 'IOMMU-013', 'IOMMU-015', 'IOMMU-024']);
});
