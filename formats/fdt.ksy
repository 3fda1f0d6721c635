meta:
  id: fdt
  title: Flattened devicetree
  application: Linux kernel
  file-extension: dtb
  license: CC0-1.0
  endian: be
  bit-endian: le
doc: |
  The fixed pieces of a devicetree blob: header, reservation entry and the words after a property token.
  Everything here is big-endian, whatever the kernel that wrote it. Names, values and the nesting of nodes
  have no fixed size and are walked in code.
doc-ref: Devicetree Specification, chapter 5 "Flattened Devicetree (DTB) Format"
enums:
  fdt_token:
    1:
      id: begin_node
      doc: A node starts; its name follows, with a NUL, padded to 4 bytes.
    2:
      id: end_node
      doc: The node ends.
    3:
      id: prop
      doc: A property; length, name offset and value follow, padded to 4 bytes.
    4:
      id: nop
      doc: Nothing; fills the place of something that was removed.
    9:
      id: end_
      doc: The structure block ends.
seq:
  - id: fdt_header
    type: fdt_header
types:
  fdt_header:
    -orig-id: struct fdt_header
    doc: Starts every blob and gives the offsets of its blocks, in bytes from the header's own start.
    seq:
      - id: magic
        type: u4
        -orig-id: magic
        -values:
          0xd00dfeed: fdt_magic
        doc: 0xd00dfeed.
      - id: totalsize
        type: u4
        -orig-id: totalsize
        -unit: bytes
        doc: Size of the whole blob, header and gaps included.
      - id: off_dt_struct
        type: u4
        -orig-id: off_dt_struct
        -unit: bytes
        doc: Offset of the structure block, a multiple of 4.
      - id: off_dt_strings
        type: u4
        -orig-id: off_dt_strings
        -unit: bytes
        doc: Offset of the strings block.
      - id: off_mem_rsvmap
        type: u4
        -orig-id: off_mem_rsvmap
        -unit: bytes
        doc: Offset of the memory reservation map, a multiple of 8.
      - id: version
        type: u4
        -orig-id: version
        -values:
          16: without_struct_size
          17: current
        doc: Version of the format. libfdt writes 17 and reads 2 to 17.
      - id: last_comp_version
        type: u4
        -orig-id: last_comp_version
        doc: Oldest version that a reader may support. libfdt's sequential writer leaves 2 or 16, by its age.
      - id: boot_cpuid_phys
        type: u4
        -orig-id: boot_cpuid_phys
        doc: Physical id of the boot CPU; 0 in handover blobs.
      - id: size_dt_strings
        type: u4
        -orig-id: size_dt_strings
        -unit: bytes
        doc: Size of the strings block.
      - id: size_dt_struct
        type: u4
        -orig-id: size_dt_struct
        -unit: bytes
        doc: Size of the structure block, its end token included.
  fdt_reserve_entry:
    -orig-id: struct fdt_reserve_entry
    doc: One entry of the memory reservation map. Two zeros end the map.
    seq:
      - id: address
        type: u8
        -orig-id: address
        -unit: address
        doc: Physical address of the reserved memory.
      - id: size
        type: u8
        -orig-id: size
        -unit: bytes
        doc: Length of the reserved memory.
  fdt_node_header:
    -orig-id: struct fdt_node_header
    doc: The word that every piece of the structure block starts with.
    seq:
      - id: tag
        type: u4
        enum: fdt_token
        -orig-id: tag
        doc: Kind of the piece.
  fdt_prop:
    -orig-id: struct fdt_property
    doc: What follows the token of a property; the value comes next.
    seq:
      - id: len
        type: u4
        -orig-id: len
        -unit: bytes
        doc: Length of the value, padding not counted.
      - id: nameoff
        type: u4
        -orig-id: nameoff
        -unit: bytes
        doc: Offset of the name in the strings block.
