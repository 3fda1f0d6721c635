meta:
  id: kdump
  title: kdump-compressed core
  application: Linux kernel
  file-extension: kdump
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The headers of a kdump-compressed core, as makedumpfile and QEMU's dump-guest-memory -z write them for 64-bit
  little-endian machines. The file is a sequence of blocks of one page each: this header, the sub header, two
  bitmaps (page frames that exist; page frames that are in the file), then a descriptor for each page in the
  file in the order of its frame number, then the pages' data.
doc-ref: 'makedumpfile diskdump_mod.h and IMPLEMENTATION; QEMU include/sysemu/dump.h'
seq:
  - id: new_utsname
    type: new_utsname
types:
  new_utsname:
    -orig-id: struct new_utsname
    doc: The uname of the kernel that was dumped; QEMU fills in the machine only.
    doc-ref: 'Linux include/uapi/linux/utsname.h: struct new_utsname'
    seq:
      - id: sysname
        -orig-id: sysname
        size: 65
        -string: nul
        doc: Name of the operating system.
      - id: nodename
        -orig-id: nodename
        size: 65
        -string: nul
        doc: Name of the host.
      - id: release
        -orig-id: release
        size: 65
        -string: nul
        doc: Release of the kernel.
      - id: version
        -orig-id: version
        size: 65
        -string: nul
        doc: Build of the kernel.
      - id: machine
        -orig-id: machine
        size: 65
        -string: nul
        doc: Architecture, x86_64 or aarch64.
      - id: domainname
        -orig-id: domainname
        size: 65
        -string: nul
        doc: Name of the host's domain.
  disk_dump_header:
    -orig-id: struct disk_dump_header
    doc: The header, in block 0.
    doc-ref: 'makedumpfile diskdump_mod.h: struct disk_dump_header'
    seq:
      - id: signature
        -orig-id: signature
        size: 8
        doc: The letters KDUMP and three spaces.
      - id: header_version
        -orig-id: header_version
        type: s4
        doc: Version of the headers, 1 to 6; decides which fields the sub header has.
      - id: utsname
        -orig-id: utsname
        type: new_utsname
        doc: The kernel that was dumped.
      - id: padding
        -orig-id: (padding)
        size: 6
        doc: Aligns what follows to eight bytes.
      - id: tv_sec
        -orig-id: timestamp.tv_sec
        type: u8
        doc: When the dump was taken, in seconds.
      - id: tv_usec
        -orig-id: timestamp.tv_usec
        type: u8
        doc: And microseconds.
      - id: status
        -orig-id: status
        type: u4
        -unit: flags
        enum: kdump_status
        doc: How pages are compressed, and whether the dump is complete.
      - id: block_size
        -orig-id: block_size
        type: s4
        -unit: bytes
        doc: Size of a block, which is the page size of the machine.
      - id: sub_hdr_size
        -orig-id: sub_hdr_size
        type: s4
        -unit: count
        doc: Blocks of the sub header.
      - id: bitmap_blocks
        -orig-id: bitmap_blocks
        type: u4
        -unit: count
        doc: Blocks of both bitmaps together.
      - id: max_mapnr
        -orig-id: max_mapnr
        type: u4
        -unit: pfn
        doc: End of the page frame numbers, cut to 32 bits; from version 6 on the sub header has all.
      - id: total_ram_blocks
        -orig-id: total_ram_blocks
        type: u4
        -unit: count
        doc: Not used.
      - id: device_blocks
        -orig-id: device_blocks
        type: u4
        -unit: count
        doc: Not used.
      - id: written_blocks
        -orig-id: written_blocks
        type: u4
        -unit: count
        doc: Not used.
      - id: current_cpu
        -orig-id: current_cpu
        type: u4
        -unit: index
        doc: The CPU that crashed.
      - id: nr_cpus
        -orig-id: nr_cpus
        type: s4
        -unit: count
        doc: CPUs of the machine.
  kdump_sub_header:
    -orig-id: struct kdump_sub_header
    doc: The sub header, in block 1. A field that the header's version does not have is zero.
    doc-ref: 'makedumpfile diskdump_mod.h: struct kdump_sub_header'
    seq:
      - id: phys_base
        -orig-id: phys_base
        type: u8
        -unit: address
        doc: Where the kernel's image was placed, relative to its link address (x86).
      - id: dump_level
        -orig-id: dump_level
        type: s4
        -unit: flags
        -values:
          1: zero
          2: cache
          4: cache_private
          8: user_data
          16: free
        doc: Kinds of pages that were left out (version 1).
      - id: split
        -orig-id: split
        type: s4
        doc: Whether this is one of several files of a dump (version 2).
      - id: start_pfn
        -orig-id: start_pfn
        type: u8
        -unit: pfn
        doc: First page frame of a split dump (version 2); start_pfn_64 from version 6 on.
      - id: end_pfn
        -orig-id: end_pfn
        type: u8
        -unit: pfn
        doc: Page frame after the last one of a split dump (version 2); end_pfn_64 from version 6 on.
      - id: offset_vmcoreinfo
        -orig-id: offset_vmcoreinfo
        type: u8
        -unit: bytes
        doc: File offset of the VMCOREINFO text, 0 without one (version 3).
      - id: size_vmcoreinfo
        -orig-id: size_vmcoreinfo
        type: u8
        -unit: bytes
        doc: Its size (version 3).
      - id: offset_note
        -orig-id: offset_note
        type: u8
        -unit: bytes
        doc: File offset of the ELF notes (version 4).
      - id: size_note
        -orig-id: size_note
        type: u8
        -unit: bytes
        doc: Their size (version 4).
      - id: offset_eraseinfo
        -orig-id: offset_eraseinfo
        type: u8
        -unit: bytes
        doc: File offset of the list of what was erased on purpose (version 5).
      - id: size_eraseinfo
        -orig-id: size_eraseinfo
        type: u8
        -unit: bytes
        doc: Its size (version 5).
      - id: start_pfn_64
        -orig-id: start_pfn_64
        type: u8
        -unit: pfn
        doc: First page frame of a split dump (version 6).
      - id: end_pfn_64
        -orig-id: end_pfn_64
        type: u8
        -unit: pfn
        doc: Page frame after the last one of a split dump (version 6).
      - id: max_mapnr_64
        -orig-id: max_mapnr_64
        type: u8
        -unit: pfn
        doc: End of the page frame numbers (version 6).
  page_desc:
    -orig-id: struct page_desc
    doc: Place of a page in the file. Pages of equal content, zeros above all, may share their data.
    doc-ref: 'makedumpfile diskdump_mod.h: struct page_desc'
    seq:
      - id: offset
        -orig-id: offset
        type: u8
        -unit: bytes
        doc: File offset of the page's data.
      - id: size
        -orig-id: size
        type: u4
        -unit: bytes
        doc: Size of the data.
      - id: flags
        -orig-id: flags
        type: u4
        -unit: flags
        enum: kdump_status
        doc: How this page is compressed, 0 for not at all.
      - id: page_flags
        -orig-id: page_flags
        type: u8
        -unit: flags
        doc: Not used.
enums:
  kdump_status:
    1: compressed_zlib
    2: compressed_lzo
    4: compressed_snappy
    8: compressed_incomplete
    16: excluded_vmemmap
    32: compressed_zstd
