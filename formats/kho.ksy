meta:
  id: kho
  title: Kexec HandOver container, January 2024 series, and how x86 passes it on
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Records of the KHO series v3 (January 2024) with the NOINIT patch of guestmemfs: the memory records that every
  `mem` property and the mem cache are made of, and the x86 boot protocol's setup_data entry that tells the next
  kernel where tree, scratch and mem cache lie. The kernel stores them in its own byte order; x86-64 is described.
seq:
  - id: kho_mem
    type: kho_mem
types:
  kho_mem:
    -orig-id: struct kho_mem
    doc: |
      One range of memory that must survive. A `mem` property of any node, and the mem cache, are packed arrays
      of it; the number of records is the size divided by 16.
    doc-ref: rfc-2024 1.6; include/uapi/linux/kexec.h
    seq:
      - id: addr
        type: u8
        -orig-id: addr
        -unit: address
        doc: |
          Physical address in bytes. Bit 0 is the flag NOINIT: the range was never given to the page allocator
          and will be left out of the direct map.
      - id: len
        type: u8
        -orig-id: len
        -unit: bytes
        doc: Length in bytes, not necessarily of whole pages.
  kho_mem_addr:
    -orig-id: struct kho_mem.addr
    doc: The address word of `struct kho_mem`, flag and address apart.
    doc-ref: rfc-2024 1.6; include/uapi/linux/kexec.h
    seq:
      - id: noinit
        type: b1
        -orig-id: KHO_MEM_FLAG_NOINIT
        doc: The range was never given to the page allocator.
      - id: address
        type: b63
        -orig-id: addr
        -unit: address
        doc: Address bits 63:1; real addresses of flagged ranges are page aligned.
  setup_data:
    -orig-id: struct setup_data
    doc: Head of one element of the list of x86 boot data that starts at boot_params; its payload follows.
    doc-ref: rfc-2024 1.3; arch/x86/include/uapi/asm/setup_data.h
    seq:
      - id: next
        type: u8
        -orig-id: next
        -unit: address
        -pointer: { to: setup_data, kind: chain, 'null': 0 }
        doc: Physical address of the next element, 0 at the end.
      - id: type_
        type: u4
        -orig-id: type
        -values:
          1: e820_ext
          2: dtb
          3: pci
          4: efi
          5: apple_properties
          6: jailhouse
          7: cc_blob
          8: ima
          9: rng_seed
          10: kexec_kho
        doc: Kind of the payload; 10 is the handover.
      - id: len
        type: u4
        -orig-id: len
        -unit: bytes
        doc: Length of the payload.
  kho_data_rfc2024:
    -orig-id: struct kho_data
    doc: Payload of the setup_data element of type 10 in the 2024 series.
    doc-ref: rfc-2024 1.3; arch/x86/include/uapi/asm/bootparam.h (KHO v3)
    seq:
      - id: dt_addr
        type: u8
        -orig-id: dt_addr
        -unit: address
        -pointer: { to: fdt_header, kind: one, 'null': 0 }
        doc: Physical address of the handover tree.
      - id: dt_size
        type: u8
        -orig-id: dt_size
        -unit: bytes
        doc: Length of the tree; the reader goes by the tree's own totalsize instead.
      - id: scratch_addr
        type: u8
        -orig-id: scratch_addr
        -unit: address
        doc: Physical address of the scratch area.
      - id: scratch_size
        type: u8
        -orig-id: scratch_size
        -unit: bytes
        doc: Length of the scratch area.
      - id: mem_cache_addr
        type: u8
        -orig-id: mem_cache_addr
        -unit: address
        -pointer: { to: kho_mem, kind: array, 'null': 0 }
        doc: Physical address of the mem cache, the sorted list of the ranges that the next kernel reserves.
      - id: mem_cache_size
        type: u8
        -orig-id: mem_cache_size
        -unit: bytes
        doc: Length of the mem cache, 16 for each record.
  boot_params:
    -orig-id: struct boot_params
    doc: |
      The x86 zero page, 4096 bytes, limited to what the search for a handover needs. The bytes between are not
      interpreted.
    doc-ref: Documentation/arch/x86/boot.rst; arch/x86/include/uapi/asm/bootparam.h
    seq:
      - id: before_ext_ramdisk
        size: 0xc0
        -orig-id: screen_info..acpi_rsdp_addr
        doc: Not interpreted.
      - id: ext_ramdisk_image
        type: u4
        -orig-id: ext_ramdisk_image
        doc: Bits 63:32 of the initrd's physical address.
      - id: ext_ramdisk_size
        type: u4
        -orig-id: ext_ramdisk_size
        doc: Bits 63:32 of the initrd's length.
      - id: ext_cmd_line_ptr
        type: u4
        -orig-id: ext_cmd_line_ptr
        doc: Bits 63:32 of the command line's physical address.
      - id: before_boot_flag
        size: 0x132
        -orig-id: _pad4..hdr.vid_mode
        doc: Not interpreted.
      - id: boot_flag
        type: u2
        -orig-id: hdr.boot_flag
        -values:
          0xaa55: boot_flag
        doc: 0xAA55.
      - id: jump
        size: 2
        -orig-id: hdr.jump
        doc: Not interpreted.
      - id: header
        type: u4
        -orig-id: hdr.header
        -values:
          0x53726448: hdrs
        doc: The letters `HdrS`.
      - id: before_ramdisk
        size: 0x12
        -orig-id: hdr.version..hdr.code32_start
        doc: Not interpreted.
      - id: ramdisk_image
        type: u4
        -orig-id: hdr.ramdisk_image
        doc: Bits 31:0 of the initrd's physical address, 0 when there is none.
      - id: ramdisk_size
        type: u4
        -orig-id: hdr.ramdisk_size
        doc: Bits 31:0 of the initrd's length.
      - id: before_cmd_line
        size: 8
        -orig-id: hdr.bootsect_kludge..hdr.ext_loader_type
        doc: Not interpreted.
      - id: cmd_line_ptr
        type: u4
        -orig-id: hdr.cmd_line_ptr
        doc: Bits 31:0 of the command line's physical address, 0 when there is none.
      - id: before_setup_data
        size: 0x24
        -orig-id: hdr.initrd_addr_max..hdr.payload_length
        doc: Not interpreted.
      - id: setup_data
        type: u8
        -orig-id: hdr.setup_data
        -unit: address
        -pointer: { to: setup_data, kind: chain, 'null': 0 }
        doc: Physical address of the first setup_data element, 0 when there is none.
      - id: behind_setup_data
        size: 0xda8
        -orig-id: hdr.pref_address..
        doc: Not interpreted.
