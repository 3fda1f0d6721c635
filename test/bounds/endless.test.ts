/** Streams that have no end: what is nothing that is known, or should be small, is read as far as tells. */
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { spoolStream } from '../../src/memory/node/spool.js';
import { kho } from '../cli/kho.js';

/** Chunks without end, which says how many were drawn. */
function endless(size: number): { source: AsyncIterable<Uint8Array>; drawn(): number } {
  let drawn = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      drawn += size;
      yield new Uint8Array(size).fill(1);
    }
  }
  return { source: Readable.from(chunks(), { highWaterMark: 1 }), drawn: () => drawn };
}

test.each([1000, 1 << 16, 1 << 20])('in chunks of %d bytes', async (size) => {
  const { source, drawn } = endless(size);
  let asked = 0;
  const { size: spooled, close } = await spoolStream(source, 'endless', {
    largest(start) {
      asked++;
      expect(start.length).toBeGreaterThanOrEqual(512);
      return 1 << 20;
    },
  });
  close();
  expect(asked).toBe(1);
  expect(spooled).toBeGreaterThan(1 << 20);
  expect(drawn()).toBeLessThan(4 << 20);
});

describe.runIf(existsSync('/dev/zero'))('/dev/zero', () => {
  test.each([
    [['info', '/dev/zero'], /neither a devicetree blob nor a core/],
    [['validate', '/dev/zero'], /neither a devicetree blob nor a core/],
    [['diff', '/dev/zero', '/dev/zero'], /neither a devicetree blob nor a core/],
    [['encode', '/dev/zero', '-o', '/dev/null'], /more JSON than one string holds/],
    [['check-abi', '/dev/zero'], /neither an ELF file nor BTF/],
  ])('%j', (args, said) => {
    const { status, stderr } = kho(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(said);
  });
});
