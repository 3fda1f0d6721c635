/** Rows of section 3 of vtd.md that are not rules of their own, and why. */
export interface NotBuilt {
  /** The number that is kept for it. */
  readonly id: string;
  readonly row: string;
  readonly reason: string;
}

export const notBuilt: readonly NotBuilt[] = [
  {
    id: 'VTD-007',
    row: 'RA-7',
    reason:
      'a dump does not show which table mode the next kernel will use: that follows from its command line and configuration',
  },
  {
    id: 'VTD-039',
    row: 'CT-22',
    reason:
      'the test is that of CT-6 (VTD-023) for contexts that a kernel has copied, and which contexts are copied is in a kernel bitmap, not in the tables',
  },
  {
    id: 'VTD-097',
    row: 'SS-16',
    reason:
      'the end of a leaf is above the host address width exactly where its address has bits at or above it, which SS-3 (VTD-084) finds',
  },
  {
    id: 'VTD-105',
    row: 'SS-24',
    reason: 'a dump has no map of RAM and MMIO: a core that was cut down lacks most of the RAM',
  },
  {
    id: 'VTD-122',
    row: 'FS-9',
    reason:
      'a table cannot map a non-canonical address: its indexes give 48 or 57 bits, which the request sign-extends',
  },
  {
    id: 'VTD-135',
    row: 'XR-3',
    reason:
      'attachment ids are in the records of the out-of-tree live-update series only, and its ABI is not decided',
  },
];
