import { describe, expect, test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { imageFromJson } from '../../src/fdt/image-from-json.js';
import { imageToJson } from '../../src/fdt/image-json.js';
import { mismatchedNames, needsLayout } from '../../src/fdt/image-layout.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { fixtureBlobs } from './fixture-files.js';
import { rewrite } from './rewrite.js';

const blobs = fixtureBlobs();

test('there are fixtures of every kind', () => {
  expect(blobs.filter(([path]) => path.startsWith('rfc-2024/')).length).toBeGreaterThanOrEqual(6);
  expect(blobs.filter(([path]) => path.startsWith('linux-')).length).toBeGreaterThanOrEqual(20);
  expect(blobs.filter(([, bytes]) => !parseFdt(bytes).complete).length).toBeGreaterThanOrEqual(2);
});

describe.each(blobs)('%s', (path, bytes) => {
  const tree = parseFdt(bytes);
  const image = toImage(tree);

  test('is whole, or known to be cut short', () => {
    const codes = tree.diagnostics.map((diagnostic) => diagnostic.code);
    // debugfs of 7.1 and 7.3 shows fewer bytes of the outgoing tree than totalsize says
    expect(codes).toEqual(tree.complete ? [] : ['truncated-file']);
    expect(tree.complete).toBe(!/^linux-7\.[13].*(debugfs-out|\/out)\/fdt$/.test(path));
    expect(checkFdt(bytes).map((diagnostic) => diagnostic.code)).toEqual(codes);
  });

  test('bytes -> image -> bytes', () => {
    expect(fromImage(image)).toEqual(bytes);
    expect(needsLayout(image)).toBe(false);
    // firmware leaves old bytes in the padding of properties that it edits in place
    if (!path.endsWith('firmware-fdt.dtb')) expect(image.gaps).toEqual([]);
  });

  test('bytes -> JSON text -> bytes', () => {
    const back = imageFromJson(JSON.parse(JSON.stringify(imageToJson(image, tree))));
    expect(fromImage(back)).toEqual(bytes);
    expect(needsLayout(back)).toBe(false);
    expect(mismatchedNames(back)).toEqual([]);
  });
});

// written by fdt_create ... fdt_finish: the reserve map is at 48 there, at 40 after fdt_open_into
const sequential = blobs.filter(([, bytes]) => parseFdt(bytes).header?.offMemRsvmap === 48);
test.each(sequential)('the writer makes %s', (_, bytes) => {
  expect(rewrite(parseFdt(bytes))).toEqual(bytes);
});
