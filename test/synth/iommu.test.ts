/** A synthesised IOMMU state has no finding, in legacy mode and in both stages. */
import { describe, expect, test } from 'vitest';
import { modelJson } from '../../src/report/model-json.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { parsed } from '../rfc/json.js';

const DRAFT = new Set(['LUO-012', 'FLB-005']);

describe.each(['legacy', 'first', 'second'] as const)('%s', (stage) => {
  test.each([
    [1, 1, 0],
    [5, 3, 2],
    [120, 2, 30],
  ])('%i domains with %i devices each, %i deleted', (domains, devices, deleted) => {
    const options = {
      abi: 'kho-v4',
      guestRam: 1n << 25n,
      seed: BigInt(domains),
      sessions: 2,
      files: 3,
    } as const;
    const made = synthesise(planFromSeed({ ...options, stage, domains, devices, deleted }));
    const handover = decodeAt(made.memory, made.fdtAddress);
    const { findings, passed } = validate(handover, catalogue);
    expect(findings.filter(({ rule }) => !DRAFT.has(rule))).toEqual([]);
    expect(passed).toContain('IOMMU-056');
    const { iommu, pci } = parsed(modelJson(handover)) as { iommu: unknown; pci: unknown };
    const account = parsed(made.account as object) as { iommu: unknown; pci: unknown };
    expect({ iommu: account.iommu, pci: account.pci }).toEqual({ iommu, pci });
  });
});
