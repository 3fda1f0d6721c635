/** Dumps and their accounts in a form that tests compare. */
import type { Handover } from '../../src/abi/model.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import type { Synthesis } from '../../src/synth/synthesis.js';
import { dumpedJson, type Json, parsed } from '../rfc/json.js';

/** The one tree of a dump, decoded with what the core says of it. */
export function decodeSynthesis({ memory, pageSize, release }: Synthesis): Handover {
  const { trees } = findTrees(memory);
  const [tree] = trees;
  const [address] = tree?.addresses ?? [];
  if (tree === undefined || address === undefined || trees.length !== 1)
    throw new Error(`${trees.length} trees`);
  return decodeHandover(tree.bytes, {
    memory,
    address,
    pageSize,
    release,
    ...(tree.setupData === undefined ? {} : { setupData: tree.setupData }),
  });
}

/** The typed parts of what `dump --format json` prints: without the bytes of riders' trees, and reasons for people. */
export function typedParts(document: Json): Json {
  const { pageSizeReason: _, subtrees, preservedMap, ...rest } = document;
  const { bitmapReason: _reason, ambiguous: _ambiguous, ...map } = (preservedMap ?? {}) as Json;
  return {
    ...rest,
    ...(subtrees === undefined
      ? {}
      : {
          subtrees: (subtrees as Json[]).map(({ name, address: at, size: length }) =>
            parsed({ name, address: at, size: length }),
          ),
        }),
    ...(preservedMap === undefined ? {} : { preservedMap: map }),
  };
}

/** What the maker says. */
export function accountOf(dump: Synthesis): Json {
  return typedParts(parsed(dump.account));
}

/** What the decoder says. */
export function decodedAccount(handover: Handover): Json {
  return typedParts(dumpedJson(handover));
}

/** The bytes of the core. */
export function coreBytes(dump: Synthesis): Uint8Array {
  return new Uint8Array(Buffer.concat([...dump.chunks()].map((chunk) => chunk.slice())));
}
