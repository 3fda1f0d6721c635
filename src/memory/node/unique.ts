/** Names that are free, for files beside others. They are opened exclusively, so nothing depends on chance. */

/** A name part that no other process and no other call uses. */
export function uniqueSuffix(): string {
  // Not node:crypto: loading it takes as long as a tenth of a short run.
  const random = Math.floor(Math.random() * 2 ** 48);
  return `${process.pid}-${random.toString(16).padStart(12, '0')}`;
}
