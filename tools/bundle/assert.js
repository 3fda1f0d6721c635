// What yargs uses of node:assert.
export function strictEqual(found, expected, message) {
  if (!Object.is(found, expected)) throw new Error(message ?? `${found} is not ${expected}`);
}

export function notStrictEqual(found, unexpected, message) {
  if (Object.is(found, unexpected)) throw new Error(message ?? `${found} is not expected`);
}
