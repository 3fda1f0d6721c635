meta:
  id: elf
  title: ELF64 core file headers
  application: Linux kernel
  file-extension: [elf, core]
  xref:
    justsolve: Executable_and_Linkable_Format
    mime: application/x-coredump
    pronom: fmt/690
    wikidata: Q1343830
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The headers of an ELF64 little-endian core file, as vmcore, /proc/kcore and QEMU's dump-guest-memory
  write them: the file header, one program header per range of physical memory (PT_LOAD) or block of
  notes (PT_NOTE), the section header that holds the number of program headers when it does not fit
  (PN_XNUM), and the header in front of each note.
doc-ref: 'Linux include/uapi/linux/elf.h; System V ABI, chapters 4 and 5'
seq:
  - id: elf64_ehdr
    type: elf64_ehdr
types:
  elf64_ehdr:
    -orig-id: struct elf64_hdr
    doc: The file header, at offset 0.
    doc-ref: 'Linux include/uapi/linux/elf.h: struct elf64_hdr'
    seq:
      - id: ei_mag
        -orig-id: e_ident[EI_MAG0..EI_MAG3]
        type: u4
        enum: elf_mag
        doc: The bytes 7f 45 4c 46, read as a little-endian number.
      - id: ei_class
        -orig-id: e_ident[EI_CLASS]
        type: u1
        enum: elf_class
        doc: Width of the file's addresses; decides the layout of everything after e_version.
      - id: ei_data
        -orig-id: e_ident[EI_DATA]
        type: u1
        enum: elf_data
        doc: Byte order of every field after e_ident.
      - id: ei_version
        -orig-id: e_ident[EI_VERSION]
        type: u1
        doc: Version of the identification bytes, 1.
      - id: ei_osabi
        -orig-id: e_ident[EI_OSABI]
        type: u1
        doc: Operating system ABI; 0 (none) in Linux core files.
      - id: ei_pad
        -orig-id: e_ident[EI_PAD..]
        size: 8
        doc: Padding of e_ident, zero.
      - id: e_type
        -orig-id: e_type
        type: u2
        enum: elf_type
        doc: Kind of object file.
      - id: e_machine
        -orig-id: e_machine
        type: u2
        enum: elf_machine
        doc: Architecture of the machine.
      - id: e_version
        -orig-id: e_version
        type: u4
        doc: Version of the object file, 1.
      - id: e_entry
        -orig-id: e_entry
        type: u8
        doc: Entry point; 0 in a core file.
      - id: e_phoff
        -orig-id: e_phoff
        type: u8
        -unit: bytes
        doc: File offset of the program header table.
      - id: e_shoff
        -orig-id: e_shoff
        type: u8
        -unit: bytes
        doc: File offset of the section header table; 0 without one.
      - id: e_flags
        -orig-id: e_flags
        type: u4
        -unit: flags
        doc: Flags of the architecture.
      - id: e_ehsize
        -orig-id: e_ehsize
        type: u2
        -unit: bytes
        doc: Size of this header. QEMU writes 8 here, so nothing may depend on it.
      - id: e_phentsize
        -orig-id: e_phentsize
        type: u2
        -unit: bytes
        doc: Size of one program header, 56.
      - id: e_phnum
        -orig-id: e_phnum
        type: u2
        enum: elf_phnum
        doc: Number of program headers; PN_XNUM when sh_info of section header 0 holds it.
      - id: e_shentsize
        -orig-id: e_shentsize
        type: u2
        -unit: bytes
        doc: Size of one section header, 64.
      - id: e_shnum
        -orig-id: e_shnum
        type: u2
        doc: Number of section headers.
      - id: e_shstrndx
        -orig-id: e_shstrndx
        type: u2
        doc: Section header that names the sections.
  elf64_phdr:
    -orig-id: struct elf64_phdr
    doc: One program header, that is, one range of the file.
    doc-ref: 'Linux include/uapi/linux/elf.h: struct elf64_phdr'
    seq:
      - id: p_type
        -orig-id: p_type
        type: u4
        enum: elf_segment
        doc: What the range is.
      - id: p_flags
        -orig-id: p_flags
        type: u4
        enum: elf_pf
        -unit: flags
        doc: Access to the memory, PF_X, PF_W, PF_R.
      - id: p_offset
        -orig-id: p_offset
        type: u8
        -unit: bytes
        doc: File offset of the first byte; need not be aligned.
      - id: p_vaddr
        -orig-id: p_vaddr
        type: u8
        -unit: virtual-address
        doc: Virtual address of the first byte, 0 where the writer does not know one.
      - id: p_paddr
        -orig-id: p_paddr
        type: u8
        -unit: address
        doc: Physical address of the first byte; all ones in /proc/kcore where there is no single one.
      - id: p_filesz
        -orig-id: p_filesz
        type: u8
        -unit: bytes
        doc: Bytes that the file holds.
      - id: p_memsz
        -orig-id: p_memsz
        type: u8
        -unit: bytes
        doc: Bytes of memory described; those beyond p_filesz are zero.
      - id: p_align
        -orig-id: p_align
        type: u8
        -unit: bytes
        doc: Alignment of the range; 0 or 1 for none.
  elf64_shdr:
    -orig-id: struct elf64_shdr
    doc: One section header; a core file has at most the one at index 0 that holds the real count of program headers.
    doc-ref: 'Linux include/uapi/linux/elf.h: struct elf64_shdr'
    seq:
      - id: sh_name
        -orig-id: sh_name
        type: u4
        doc: Offset of the section's name.
      - id: sh_type
        -orig-id: sh_type
        type: u4
        doc: Type of section, 0 (SHT_NULL) at index 0.
      - id: sh_flags
        -orig-id: sh_flags
        type: u8
        -unit: flags
        doc: Flags of the section.
      - id: sh_addr
        -orig-id: sh_addr
        type: u8
        -unit: virtual-address
        doc: Virtual address of the section.
      - id: sh_offset
        -orig-id: sh_offset
        type: u8
        -unit: bytes
        doc: File offset of the section.
      - id: sh_size
        -orig-id: sh_size
        type: u8
        -unit: bytes
        doc: Size of the section; at index 0 the number of sections when it does not fit e_shnum.
      - id: sh_link
        -orig-id: sh_link
        type: u4
        doc: Index of a related section.
      - id: sh_info
        -orig-id: sh_info
        type: u4
        doc: At index 0 the number of program headers when e_phnum is PN_XNUM.
      - id: sh_addralign
        -orig-id: sh_addralign
        type: u8
        -unit: bytes
        doc: Alignment of the section.
      - id: sh_entsize
        -orig-id: sh_entsize
        type: u8
        -unit: bytes
        doc: Size of one entry of the section.
  elf64_nhdr:
    -orig-id: struct elf64_note
    doc: The header of a note; its name and its descriptor follow, each padded to four bytes.
    doc-ref: 'Linux include/uapi/linux/elf.h: struct elf64_note'
    seq:
      - id: n_namesz
        -orig-id: n_namesz
        type: u4
        -unit: bytes
        doc: Size of the name, its NUL included.
      - id: n_descsz
        -orig-id: n_descsz
        type: u4
        -unit: bytes
        doc: Size of the descriptor.
      - id: n_type
        -orig-id: n_type
        type: u4
        doc: Type of note; its meaning depends on the name, VMCOREINFO has 0.
enums:
  elf_mag:
    0x464c457f: elf
  elf_class:
    1: class32
    2: class64
  elf_data:
    1: lsb
    2: msb
  elf_type:
    1: rel
    2: exec
    3: dyn
    4: core
  elf_machine:
    62: x86_64
    183: aarch64
  elf_phnum:
    0xffff: xnum
  elf_segment:
    0: 'null'
    1: load
    4: note
  elf_pf:
    1: x
    2: w
    4: r
