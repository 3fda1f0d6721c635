meta:
  id: guestmemfs
  title: guestmemfs state in memory
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Structures of the guestmemfs series (August 2024) that the handover tree points to through the `mem`
  properties below `/guestmemfs`. They are kernel objects as they were in memory: nothing in them carries a
  magic number or a version. x86-64 with 4 KiB pages and 2 MiB blocks is described.
seq:
  - id: num_inodes
    type: num_inodes
types:
  num_inodes:
    -orig-id: num_inodes
    doc: Property of `/guestmemfs/mappings_to_inode`.
    doc-ref: rfc-2024 2.3; fs/guestmemfs/serialise.c
    seq:
      - id: value
        type: u8
        -orig-id: num_inodes
        -unit: count
        doc: allocated_inodes of the super block.
  guestmemfs_sb:
    -orig-id: struct guestmemfs_sb
    doc: The super block, record 0 of `/guestmemfs/superblock`. Sizes hold for kernels without lock debugging.
    doc-ref: rfc-2024 2.3; fs/guestmemfs/guestmemfs.h
    seq:
      - id: next_free_ino
        type: u8
        -orig-id: next_free_ino
        -unit: index
        doc: Head of the list of free inodes, 0 when there is none; 2 after mkfs.
      - id: allocated_inodes
        type: u8
        -orig-id: allocated_inodes
        -unit: count
        doc: Files created minus files unlinked, the root not counted.
      - id: inodes
        type: u8
        -orig-id: inodes
        -unit: virtual-address
        doc: Virtual address of the inode table in the old kernel; rewritten on restore.
      - id: allocator_bitmap
        type: u8
        -orig-id: allocator_bitmap
        -unit: virtual-address
        doc: Virtual address of the allocation bitmap in the old kernel; rewritten on restore.
      - id: allocation_lock
        type: u4
        -orig-id: allocation_lock
        doc: Spinlock, 0 when free.
      - id: serialised
        type: u1
        -orig-id: serialised
        -values:
          0: live
          1: serialised
        doc: 1 from the dump to its abort or the next mount. Padding before patch 08 of the series.
      - id: padding
        size: 3
        -orig-id: (padding)
        doc: Not used by the kernel.
  guestmemfs_inode:
    -orig-id: struct guestmemfs_inode
    doc: |
      One element of the inode table, record 1 of `/guestmemfs/superblock`. Inode numbers start at 1, inode n
      is at offset (n - 1) * 296.
    doc-ref: rfc-2024 2.3; fs/guestmemfs/guestmemfs.h
    seq:
      - id: flags
        type: s4
        -orig-id: flags
        -unit: flags
        -values:
          1: file
          2: dir
        doc: Kind of the inode, 0 when free.
      - id: padding_4
        size: 4
        -orig-id: (padding)
        doc: Not used by the kernel.
      - id: sibling_ino
        type: u8
        -orig-id: sibling_ino
        -unit: index
        doc: If used, the next inode of the directory; if free, the next free inode. 0 ends either list.
      - id: child_ino
        type: u8
        -orig-id: child_ino
        -unit: index
        doc: First inode of a directory, 0 when it is empty.
      - id: filename
        size: 255
        -orig-id: filename
        -string: nul
        doc: Name of the file, NUL-terminated.
      - id: padding_279
        size: 1
        -orig-id: (padding)
        doc: Not used by the kernel.
      - id: mappings
        type: u8
        -orig-id: mappings
        -unit: virtual-address
        doc: Virtual address of the file's mapping page in the old kernel; rewritten on restore.
      - id: num_mappings
        type: s4
        -orig-id: num_mappings
        -unit: count
        doc: Blocks that truncate calls added, summed up; the file's size after a remount in units of 2 MiB.
      - id: long_term_pins
        type: s4
        -orig-id: long_term_pins
        -unit: count
        doc: Long-term pins of the file. Padding before patch 13 of the iommufd series.
  mapping_block:
    -orig-id: mappings[]
    doc: One of the 512 entries of a mapping page, the target of `/guestmemfs/mappings_blocks`.
    doc-ref: rfc-2024 2.3; fs/guestmemfs/file.c
    seq:
      - id: block
        type: u8
        -orig-id: mappings[i]
        -unit: index
        doc: |
          Number of the 2 MiB block of the region that holds file offset i * 2 MiB. A failed allocation is
          stored as a negative error number.
  mapping_inode:
    -orig-id: mappings_to_inode[]
    doc: One of the 1024 entries of the page that `/guestmemfs/mappings_to_inode` points to.
    doc-ref: rfc-2024 2.3; fs/guestmemfs/serialise.c
    seq:
      - id: ino
        type: s4
        -orig-id: mappings_to_inode[j]
        -unit: index
        doc: Number of the inode to which record j of `mappings_blocks` belongs, 0 after the last one.
