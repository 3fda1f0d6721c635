meta:
  id: kexec_metadata
  title: kexec-metadata
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The blob of the child `kexec-metadata` of the handover tree, Linux 7.1 and later. Packed: the last field is not
  aligned. Later versions may append fields; the version stays first.
doc-ref: upstream 3.3; include/linux/kho/abi/kexec_metadata.h
seq:
  - id: kho_kexec_metadata
    type: kho_kexec_metadata
types:
  kho_kexec_metadata:
    -orig-id: struct kho_kexec_metadata
    doc: The previous kernel, and the number of kexecs since the last cold boot.
    seq:
      - id: version
        type: u4
        -orig-id: version
        -values:
          1: current
        doc: Version of this record, 1.
      - id: previous_release
        size: 65
        -orig-id: previous_release
        -string: nul
        doc: Release of the kernel that executed the kexec.
      - id: kexec_count
        type: u4
        -orig-id: kexec_count
        -unit: count
        doc: Boots by kexec since the last cold boot; 1 after the first.
