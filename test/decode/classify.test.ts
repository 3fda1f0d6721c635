import { describe, expect, test } from 'vitest';
import { classify } from '../../src/decode/classify.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';

type Properties = Readonly<Record<string, string | Uint8Array>>;

function blob(root: Properties, children: Readonly<Record<string, Properties>> = {}): Uint8Array {
  const writer = createFdtWriter();
  const put = (properties: Properties): void => {
    for (const [name, value] of Object.entries(properties)) {
      writer.property(name, typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : value);
    }
  };
  writer.beginNode('');
  put(root);
  for (const [name, properties] of Object.entries(children)) {
    writer.beginNode(name);
    put(properties);
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

const EIGHT = new Uint8Array(8);

describe('kho-v1 is written by the RFC and by Linux 6.16 to 7.0', () => {
  test.each([
    [
      'with preserved-memory-map it is upstream',
      blob({ compatible: 'kho-v1', 'preserved-memory-map': EIGHT }),
      'kho-v1',
    ],
    ['with a child of the RFC it is the RFC', blob({ compatible: 'kho-v1' }, { iommufd: {} }), 'rfc-2024'],
    [
      'with a mem property it is the RFC',
      blob({ compatible: 'kho-v1' }, { other: { mem: new Uint8Array(16) } }),
      'rfc-2024',
    ],
    [
      'the map decides before the children',
      blob({ compatible: 'kho-v1', 'preserved-memory-map': EIGHT }, { ftrace: {} }),
      'kho-v1',
    ],
  ])('%s', (_what, bytes, generation) => {
    expect(classify(parseFdt(bytes))).toEqual({ kind: 'handover', generation });
  });

  test('with neither it is undecided, until told', () => {
    const bytes = blob({ compatible: 'kho-v1' }, { memblock: {} });
    const { kind, generation, diagnostics } = decodeHandover(bytes);
    expect({ kind, generation }).toEqual({ kind: 'handover', generation: undefined });
    expect(diagnostics.map(({ code }) => code)).toContain('generation-undecided');
    expect(decodeHandover(bytes, { assume: 'rfc-2024' }).generation).toBe('rfc-2024');
  });
});

test.each([
  ['kho-v2', 'handover', 'kho-v2'],
  ['kho-v4', 'handover', 'kho-v4'],
  ['kho-v9', 'handover', undefined],
  ['memblock-v1', 'rider', undefined],
  ['luo-v1', 'rider', undefined],
  ['linux,dummy-virt', 'unknown', undefined],
])('%s is a %s', (compatible, kind, generation) => {
  expect(classify(parseFdt(blob({ compatible })))).toMatchObject({
    kind,
    ...(generation === undefined ? {} : { generation }),
  });
});

test('a boot tree has /chosen', () => {
  expect(classify(parseFdt(blob({ compatible: 'linux,dummy-virt' }, { chosen: {} }))).kind).toBe('boot-fdt');
});

test('one string of several decides', () => {
  const compatible = new TextEncoder().encode('vendor,x\0kho-v4\0');
  expect(classify(parseFdt(blob({ compatible }))).generation).toBe('kho-v4');
});

test('garbage is unknown', () => {
  expect(classify(parseFdt(new Uint8Array(64)))).toEqual({ kind: 'unknown' });
});
