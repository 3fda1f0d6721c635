meta:
  id: luo
  title: Live Update Orchestrator
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  State of the Live Update Orchestrator: sessions, their files and the global state (FLB) that files depend on.
  luo-v1 (Linux 6.19 to 7.1) and the intermediate luo-v2 start from properties of a tree, later versions from a
  record. Files are in an array up to luo-v4, sessions in an array up to luo-v3; then both are in block lists.
seq:
  - id: liveupdate_number
    type: liveupdate_number
types:
  liveupdate_number:
    -orig-id: liveupdate-number
    doc: Property of the root node, luo-v1.
    doc-ref: upstream 3.5.2; include/linux/kho/abi/luo.h
    seq:
      - id: value
        type: u8
        -orig-id: liveupdate-number
        -unit: count
        doc: Number of the live update that the next boot is.
  luo_session_header:
    -orig-id: luo-session-header
    doc: Property of `/luo-session`, luo-v1.
    doc-ref: upstream 3.5.2; include/linux/kho/abi/luo.h
    seq:
      - id: value
        type: u8
        -orig-id: luo-session-header
        -unit: address
        -pointer: { to: luo_session_header_ser, kind: one, element: luo_session_ser_v1, preserved: true }
        doc: Physical address of the session area, 16 pages.
  luo_flb_header:
    -orig-id: luo-flb-header
    doc: Property of `/luo-flb`, luo-v1 from Linux 7.0 on.
    doc-ref: upstream 3.5.2; include/linux/kho/abi/luo.h
    seq:
      - id: value
        type: u8
        -orig-id: luo-flb-header
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_abi_header:
    -orig-id: luo-abi-header
    doc: Property of the root node, luo-v2.
    doc-ref: upstream 3.5.3; include/linux/kho/abi/luo.h
    seq:
      - id: value
        type: u8
        -orig-id: luo-abi-header
        -unit: address
        -pointer: { to: luo_ser_v2, kind: one, preserved: true }
        doc: Physical address of the central record.
  luo_ser_v2:
    -orig-id: struct luo_ser
    doc: Central record, luo-v2; never in a release.
    doc-ref: upstream 3.5.3; include/linux/kho/abi/luo.h
    seq:
      - id: liveupdate_num
        type: u8
        -orig-id: liveupdate_num
        -unit: count
        doc: Number of the live update that the next boot is.
      - id: sessions_pa
        type: u8
        -orig-id: sessions_pa
        -unit: address
        -pointer: { to: luo_session_header_ser, kind: one, element: luo_session_ser_v1, preserved: true }
        doc: Physical address of the session area, 16 pages.
      - id: flbs_pa
        type: u8
        -orig-id: flbs_pa
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_ser_v3:
    -orig-id: struct luo_ser
    doc: Central record, luo-v3; never in a release.
    doc-ref: upstream 3.5.4; include/linux/kho/abi/luo.h
    seq:
      - id: compatible
        size: 8
        -orig-id: compatible
        -string: nul
        doc: Version of the whole, e.g. `luo-v5`.
      - id: liveupdate_num
        type: u8
        -orig-id: liveupdate_num
        -unit: count
        doc: Number of the live update that the next boot is.
      - id: sessions_pa
        type: u8
        -orig-id: sessions_pa
        -unit: address
        -pointer: { to: luo_session_header_ser, kind: one, element: luo_session_ser_v1, preserved: true }
        doc: Physical address of the session area, 16 pages.
      - id: flbs_pa
        type: u8
        -orig-id: flbs_pa
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_ser_v4:
    -orig-id: struct luo_ser
    doc: Central record, luo-v4; never in a release. Sessions are in a block list, files in arrays.
    doc-ref: upstream 3.5.4; include/linux/kho/abi/luo.h
    seq:
      - id: compatible
        size: 8
        -orig-id: compatible
        -string: nul
        doc: Version of the whole, e.g. `luo-v5`.
      - id: liveupdate_num
        type: u8
        -orig-id: liveupdate_num
        -unit: count
        doc: Number of the live update that the next boot is.
      - id: sessions_pa
        type: u8
        -orig-id: sessions_pa
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, element: luo_session_ser_v1, 'null': 0, preserved: true }
        doc: Physical address of the first block of sessions, 0 when there is none.
      - id: flbs_pa
        type: u8
        -orig-id: flbs_pa
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_ser:
    -orig-id: struct luo_ser
    doc: Central record, luo-v5 (Linux 7.2 and later). Sessions and files are in block lists.
    doc-ref: upstream 3.5.4; include/linux/kho/abi/luo.h
    seq:
      - id: compatible
        size: 8
        -orig-id: compatible
        -string: nul
        doc: Version of the whole, e.g. `luo-v5`.
      - id: liveupdate_num
        type: u8
        -orig-id: liveupdate_num
        -unit: count
        doc: Number of the live update that the next boot is.
      - id: sessions_pa
        type: u8
        -orig-id: sessions_pa
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, element: luo_session_ser, 'null': 0, preserved: true }
        doc: Physical address of the first block of sessions, 0 when there is none.
      - id: flbs_pa
        type: u8
        -orig-id: flbs_pa
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_ser_composite:
    -orig-id: struct luo_ser
    doc: Central record with a composite version string; a draft, never in a release.
    doc-ref: upstream 4.1
    seq:
      - id: compatible
        size: 16
        -orig-id: compatible
        -string: nul
        doc: Version of the whole and of what it embeds, e.g. `luo-v5;block-v1`.
      - id: liveupdate_num
        type: u8
        -orig-id: liveupdate_num
        -unit: count
        doc: Number of live updates that the next boot will be.
      - id: sessions_pa
        type: u8
        -orig-id: sessions_pa
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, element: luo_session_ser, 'null': 0, preserved: true }
        doc: Physical address of the first block of sessions, 0 when there is none.
      - id: flbs_pa
        type: u8
        -orig-id: flbs_pa
        -unit: address
        -pointer: { to: luo_flb_header_ser, kind: one, element: luo_flb_ser, preserved: true }
        doc: Physical address of the FLB page.
  luo_session_header_ser:
    -orig-id: struct luo_session_header_ser
    doc: Head of the session area up to luo-v3; the sessions follow.
    doc-ref: upstream 3.5.2; include/linux/kho/abi/luo.h
    seq:
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Sessions in the area.
  luo_file_set_ser_v1:
    -orig-id: struct luo_file_set_ser
    doc: Files of a session, up to luo-v4.
    doc-ref: upstream 3.5.1, 3.5.2; include/linux/kho/abi/luo.h
    seq:
      - id: files
        type: u8
        -orig-id: files
        -unit: address
        -pointer: { to: luo_file_ser, kind: array, count: count, 'null': 0, preserved: true }
        doc: Physical address of the array of files, 0 when there are none.
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Files in the array.
  luo_file_set_ser:
    -orig-id: struct luo_file_set_ser
    doc: Files of a session, luo-v5.
    doc-ref: upstream 3.5.1, 3.5.4; include/linux/kho/abi/luo.h
    seq:
      - id: files
        type: u8
        -orig-id: files
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, element: luo_file_ser, 'null': 0, preserved: true }
        doc: Physical address of the first block of files, 0 when there are none.
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Files in all blocks.
  luo_session_ser_v1:
    -orig-id: struct luo_session_ser
    doc: A session, up to luo-v4.
    doc-ref: upstream 3.5.1; include/linux/kho/abi/luo.h
    seq:
      - id: name
        size: 64
        -orig-id: name
        -string: nul
        doc: Name of the session, 1 to 63 characters.
      - id: file_set_ser
        type: luo_file_set_ser_v1
        -orig-id: file_set_ser
        doc: Its files.
  luo_session_ser:
    -orig-id: struct luo_session_ser
    doc: A session, luo-v5.
    doc-ref: upstream 3.5.1; include/linux/kho/abi/luo.h
    seq:
      - id: name
        size: 64
        -orig-id: name
        -string: nul
        doc: Name of the session, 1 to 63 characters.
      - id: file_set_ser
        type: luo_file_set_ser
        -orig-id: file_set_ser
        doc: Its files.
  luo_file_ser:
    -orig-id: struct luo_file_ser
    doc: A preserved file.
    doc-ref: upstream 3.5.1; include/linux/kho/abi/luo.h
    seq:
      - id: compatible
        size: 48
        -orig-id: compatible
        -string: nul
        doc: Handler of the file and its version, e.g. `memfd-v2`.
      - id: data
        type: u8
        -orig-id: data
        -unit: address
        -pointer: { to: [memfd_luo_ser, memfd_luo_ser_v1], kind: one, preserved: true }
        doc: The handler's own value; memfd stores a physical address.
      - id: token
        type: u8
        -orig-id: token
        doc: Name that user space gave the file, unique within the session.
  luo_flb_header_ser:
    -orig-id: struct luo_flb_header_ser
    doc: Head of the FLB page; the entries follow.
    doc-ref: upstream 3.5.1; include/linux/kho/abi/luo.h
    seq:
      - id: pgcnt
        type: u8
        -orig-id: pgcnt
        -unit: pages
        doc: Pages of the area, 1.
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Entries that follow.
  luo_flb_ser:
    -orig-id: struct luo_flb_ser
    doc: Global state that files depend on.
    doc-ref: upstream 3.5.1; include/linux/kho/abi/luo.h
    seq:
      - id: name
        size: 48
        -orig-id: name
        -string: nul
        doc: Owner of the state and its version.
      - id: data
        type: u8
        -orig-id: data
        doc: The owner's own value.
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Files that depend on it.
