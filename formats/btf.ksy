meta:
  id: btf
  title: BPF type format
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The types of a kernel as its .BTF section and /sys/kernel/btf/vmlinux hold them: a header, types one after the
  other, and a block of strings. Types have no number of their own: the first is number 1, as 0 is void. Each type
  is a head followed by data that depends on its kind.
doc-ref: 'Linux include/uapi/linux/btf.h; Documentation/bpf/btf.rst'
seq:
  - id: btf_header
    type: btf_header
types:
  btf_header:
    -orig-id: struct btf_header
    doc: The head of the data. The sections begin after hdr_len.
    seq:
      - id: magic
        -orig-id: magic
        type: u2
        enum: btf_magic
        doc: 0xeb9f in the byte order of the machine.
      - id: version
        -orig-id: version
        type: u1
        doc: Version of the format, 1.
      - id: flags
        -orig-id: flags
        type: u1
        doc: Zero.
      - id: hdr_len
        -orig-id: hdr_len
        type: u4
        -unit: bytes
        doc: Size of the header; later versions may have more fields.
      - id: type_off
        -orig-id: type_off
        type: u4
        -unit: bytes
        doc: Offset of the types after the header.
      - id: type_len
        -orig-id: type_len
        type: u4
        -unit: bytes
        doc: Size of all types.
      - id: str_off
        -orig-id: str_off
        type: u4
        -unit: bytes
        doc: Offset of the strings after the header.
      - id: str_len
        -orig-id: str_len
        type: u4
        -unit: bytes
        doc: Size of all strings.
  btf_type:
    -orig-id: struct btf_type
    doc: The head of a type.
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings; anonymous types have the empty one at 0.
      - id: vlen
        -orig-id: BTF_INFO_VLEN
        type: b16
        -unit: count
        doc: Members, values or parameters after the head.
      - id: unused16
        -orig-id: (unused)
        type: b8
        doc: Zero.
      - id: kind
        -orig-id: BTF_INFO_KIND
        type: b5
        enum: btf_kind
        doc: What the type is.
      - id: unused29
        -orig-id: (unused)
        type: b2
        doc: Zero.
      - id: kind_flag
        -orig-id: BTF_INFO_KFLAG
        type: b1
        doc: For struct and union, whether members have the form with a bit field size.
      - id: size_or_type
        -orig-id: size or type
        type: u4
        doc: Size in bytes of int, struct, union, enum, float, enum64 and datasec; for other kinds, the number of the type referred to.
  btf_int:
    -orig-id: u32 (BTF_KIND_INT)
    doc: Follows an int.
    seq:
      - id: bits
        -orig-id: BTF_INT_BITS
        type: b8
        doc: Width in bits.
      - id: unused8
        -orig-id: (unused)
        type: b8
        doc: Zero.
      - id: offset
        -orig-id: BTF_INT_OFFSET
        type: b8
        doc: Bit offset in its bytes.
      - id: encoding
        -orig-id: BTF_INT_ENCODING
        type: b4
        doc: Signed 1, char 2, bool 4.
      - id: unused28
        -orig-id: (unused)
        type: b4
        doc: Zero.
  btf_array:
    -orig-id: struct btf_array
    doc: Follows an array.
    seq:
      - id: type_
        -orig-id: type
        type: u4
        doc: Number of the elements' type.
      - id: index_type
        -orig-id: index_type
        type: u4
        doc: Number of the index's type.
      - id: nelems
        -orig-id: nelems
        type: u4
        -unit: count
        doc: Elements; 0 for a flexible array.
  btf_member:
    -orig-id: struct btf_member
    doc: A member of a struct or union without kind_flag.
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings.
      - id: type_
        -orig-id: type
        type: u4
        doc: Number of its type.
      - id: offset
        -orig-id: offset
        type: u4
        doc: Bit offset in the struct.
  btf_member_bits:
    -orig-id: struct btf_member
    doc: A member of a struct or union with kind_flag.
    doc-ref: 'Linux include/uapi/linux/btf.h: BTF_MEMBER_BIT_OFFSET, BTF_MEMBER_BITFIELD_SIZE'
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings.
      - id: type_
        -orig-id: type
        type: u4
        doc: Number of its type.
      - id: bit_offset
        -orig-id: BTF_MEMBER_BIT_OFFSET
        type: b24
        doc: Bit offset in the struct.
      - id: bitfield_size
        -orig-id: BTF_MEMBER_BITFIELD_SIZE
        type: b8
        doc: Width of a bit field in bits, 0 for any other member.
  btf_enum:
    -orig-id: struct btf_enum
    doc: A value of an enum.
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings.
      - id: val
        -orig-id: val
        type: s4
        doc: The value.
  btf_enum64:
    -orig-id: struct btf_enum64
    doc: A value of an enum of 64 bits.
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings.
      - id: val_lo32
        -orig-id: val_lo32
        type: u4
        doc: Low half of the value.
      - id: val_hi32
        -orig-id: val_hi32
        type: u4
        doc: High half of the value.
  btf_param:
    -orig-id: struct btf_param
    doc: A parameter of a function prototype.
    seq:
      - id: name_off
        -orig-id: name_off
        type: u4
        -unit: bytes
        doc: Offset of the name in the strings.
      - id: type_
        -orig-id: type
        type: u4
        doc: Number of its type.
  btf_var:
    -orig-id: struct btf_var
    doc: Follows a variable.
    seq:
      - id: linkage
        -orig-id: linkage
        type: u4
        doc: Static 0, global 1.
  btf_var_secinfo:
    -orig-id: struct btf_var_secinfo
    doc: A variable of a data section.
    seq:
      - id: type_
        -orig-id: type
        type: u4
        doc: Number of the variable.
      - id: offset
        -orig-id: offset
        type: u4
        -unit: bytes
        doc: Offset in the section.
      - id: size
        -orig-id: size
        type: u4
        -unit: bytes
        doc: Size of the variable.
  btf_decl_tag:
    -orig-id: struct btf_decl_tag
    doc: Follows a declaration tag.
    seq:
      - id: component_idx
        -orig-id: component_idx
        type: s4
        doc: Member or parameter that is tagged, -1 for the whole.
enums:
  btf_magic:
    0xeb9f: native
    0x9feb: swapped
  btf_kind:
    1: int
    2: ptr
    3: array
    4: struct
    5: union
    6: enum
    7: fwd
    8: typedef
    9: volatile
    10: const
    11: restrict
    12: func
    13: func_proto
    14: var
    15: datasec
    16: float
    17: decl_tag
    18: type_tag
    19: enum64
