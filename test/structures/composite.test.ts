/** Composite compatibility strings (upstream 4.1): the bytes are those of a structure's own version. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDump } from '../../src/cli/load.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { readBytes } from '../../src/memory/read.js';
import { modelJson } from '../../src/report/model-json.js';
import { fixtures } from '../fixtures.js';
import { type Json, parsed } from '../rfc/json.js';

test('a root tree is of its own version', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', new TextEncoder().encode('kho-v4;radix-v1;vmalloc-v1\0'));
  writer.property('preserved-memory-map', new Uint8Array(8));
  writer.endNode();
  const { kind, generation, preservedMemoryMap, diagnostics } = decodeHandover(writer.finish());
  expect({ kind, generation, preservedMemoryMap, diagnostics }).toEqual({
    kind: 'handover',
    generation: 'kho-v4',
    preservedMemoryMap: 0n,
    diagnostics: [],
  });
});

test('LUO has 40 bytes then, and its handlers read the same records', async () => {
  await withDump(join(fixtures, 'linux-7.3-iommu-legacy', 'handover1.elf.gz'), {}, async ({ handover }) => {
    const document = parsed(modelJson(handover)) as { luo: Json; subtrees: Json[]; fdt: Json };
    document.luo.compatible = 'luo-v5;block-v1';
    for (const subtree of document.subtrees) if (subtree.name === 'LUO') subtree.size = '0x28';
    for (const { files } of document.luo.sessions as { files: Json[] }[])
      for (const file of files)
        if (file.compatible === 'memfd-v2') file.compatible = 'memfd-v2;vmalloc-v1';
        else if (file.compatible === 'iommufd-v1') file.compatible = 'iommufd-v1;block-v1';
    const { memory, fdtAddress } = upstreamMemory(document);
    const blob = handover.subtrees?.find(({ name }) => name === 'LUO')?.address ?? 0n;
    const bytes = readBytes(memory, blob, 40) ?? new Uint8Array(0);
    expect(new TextDecoder().decode(bytes.subarray(0, 16))).toBe('luo-v5;block-v1\0');
    expect(new DataView(bytes.buffer).getBigUint64(24, true)).toBe(handover.luo?.sessionsAddress);
    const tree = readBytes(memory, fdtAddress, 4096) ?? new Uint8Array(0);
    const again = decodeHandover(tree, { memory, address: fdtAddress });
    expect(again.luo).toMatchObject({ compatible: 'luo-v5;block-v1', version: 'luo-v5' });
    const [file] = again.luo?.sessions?.[0]?.files ?? [];
    expect(file?.draft).toEqual({ draft: 'memfd-v2 with a composite string', source: 'upstream 4.1' });
    for (const { files } of document.luo.sessions as { files: Json[] }[])
      for (const each of files) if ('memfd' in each) each.draft = file?.draft;
    expect(parsed(modelJson(again)).luo).toEqual(document.luo);
    expect(again.luo?.sessions?.[0]?.files?.[0]?.memfd?.nrFolios).toBe(6144n);
  });
});
