/** guestmemfs as mkfs and creates leave it, where a document does not say what is in memory (fs/guestmemfs/guestmemfs.c). */
import { GuestmemfsSbSerialised } from '../../records/guestmemfs.js';
import { textToBytes } from '../../schema/text.js';
import type { Model } from '../structure.js';
import type { Unsaid, WrittenEntry } from '../tree-memory.js';
import { freeInode, INODE_DIR, INODE_FILE, LAST_INO, ROOT_INO } from './memory.js';

/** The root and the free inodes beside files; each file leads to the one before it, as the kernel puts a new one at the head. */
function others(files: readonly WrittenEntry[]): ReadonlyMap<number, Model> {
  const inodes = new Map<number, Model>();
  const used = new Set(files.map(({ number }) => number));
  files.forEach(({ value }, i) => {
    value.siblingIno = BigInt(files[i - 1]?.number ?? 0);
  });
  const root = freeInode(ROOT_INO);
  inodes.set(ROOT_INO, {
    ...root,
    flags: INODE_DIR,
    childIno: BigInt(files.at(-1)?.number ?? 0),
    filename: textToBytes('.', root.filename.length),
  });
  let next = 0;
  for (let ino = LAST_INO; ino > ROOT_INO; ino--) {
    if (used.has(ino)) continue;
    inodes.set(ino, { ...freeInode(ino), siblingIno: BigInt(next) });
    next = ino;
  }
  return inodes;
}

/** The super block beside these inodes, serialised. */
function superblock(files: readonly WrittenEntry[], inodes: ReadonlyMap<number, Model>): Model {
  const used = new Set(files.map(({ number }) => number));
  for (const [ino, { flags }] of inodes) if (flags !== 0) used.add(ino);
  let free = 1;
  while (used.has(free)) free++;
  return {
    nextFreeIno: free > LAST_INO ? 0n : BigInt(free),
    allocatedInodes: BigInt(files.length),
    allocationLock: 0,
    serialised: GuestmemfsSbSerialised.serialised,
    padding: new Uint8Array(3),
  };
}

export const unsaid: Unsaid = {
  entry: (ino) => ({ ...freeInode(ino) }),
  used: (ino, blocks) => ({ ...freeInode(ino), flags: INODE_FILE, siblingIno: 0n, numMappings: blocks }),
  others,
  record: superblock,
};
