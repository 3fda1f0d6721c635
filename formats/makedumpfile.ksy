meta:
  id: makedumpfile
  title: makedumpfile's flattened stream
  application: Linux kernel
  file-extension: flat
  license: CC0-1.0
  endian: be
  bit-endian: le
doc: |
  A core written to something that cannot seek: a header, then pieces of the file, each with the offset at which
  it belongs, in the order in which they were written. A later piece replaces what an earlier one put at the same
  place. All numbers are big-endian, whatever the machine.
doc-ref: 'makedumpfile makedumpfile.h: struct makedumpfile_header, struct makedumpfile_data_header'
seq:
  - id: makedumpfile_header
    type: makedumpfile_header
types:
  makedumpfile_header:
    -orig-id: struct makedumpfile_header
    doc: The header, alone in the first 4096 bytes.
    doc-ref: 'makedumpfile makedumpfile.h: struct makedumpfile_header, MAX_SIZE_MDF_HEADER'
    seq:
      - id: signature
        -orig-id: signature
        size: 16
        -string: nul
        doc: The word makedumpfile.
      - id: type_
        -orig-id: type
        type: u8
        doc: Type of the stream, 1 for flattened.
      - id: version
        -orig-id: version
        type: u8
        doc: Version of the stream, 1.
      - id: unused
        -orig-id: (unused)
        size: 4064
        doc: Zero.
  makedumpfile_data_header:
    -orig-id: struct makedumpfile_data_header
    doc: In front of each piece; one with -1 in both fields ends the stream.
    doc-ref: 'makedumpfile makedumpfile.h: struct makedumpfile_data_header, END_FLAG_FLAT_HEADER'
    seq:
      - id: offset
        -orig-id: offset
        type: u8
        -unit: bytes
        doc: Where the piece belongs.
      - id: buf_size
        -orig-id: buf_size
        type: u8
        -unit: bytes
        doc: Bytes of the piece, which follow.
