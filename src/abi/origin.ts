/** Where parts of a model are. */

/** Where part of the model came from: the token of its node in the tree, or its physical address. */
export interface Origin {
  readonly fdtPath?: string;
  /** Token index of the BEGIN_NODE in the tree. */
  readonly token?: number;
  readonly address?: bigint;
}

/** Half-open range of physical byte addresses. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}
