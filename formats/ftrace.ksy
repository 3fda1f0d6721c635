meta:
  id: ftrace
  title: ftrace buffers in a handover
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Property values below `/ftrace` in the handover tree of the KHO series v1 to v3 (2023 and January 2024), and
  the ring buffer's page descriptors that the `mem` properties of its CPUs point to.
seq:
  - id: trace_flags
    type: trace_flags
types:
  trace_flags:
    -orig-id: trace-flags
    doc: Property of `/ftrace/global-trace`; spelled trace_flags before v3.
    doc-ref: rfc-2024 2.4; kernel/trace/trace.c
    seq:
      - id: value
        type: u4
        -orig-id: trace_flags
        doc: Flags of the trace array.
  cpu:
    -orig-id: cpu
    doc: Property of a CPU's node.
    doc-ref: rfc-2024 2.4; kernel/trace/ring_buffer.c
    seq:
      - id: value
        type: s4
        -orig-id: cpu
        doc: Number of the CPU.
  trace_event_id:
    -orig-id: events[]
    doc: One element of the property `events` of `/ftrace`.
    doc-ref: rfc-2024 2.4; kernel/trace/trace_output.c
    seq:
      - id: fingerprint
        type: u4
        -orig-id: fingerprint
        doc: Static event types have their own number here, others a CRC-32 over name and field sizes.
      - id: type_
        type: u4
        -orig-id: type
        doc: Event type number in the kernel that wrote the buffer.
  buffer_page:
    -orig-id: struct buffer_page
    doc: Descriptor of one ring buffer page, kernels with sub-buffers of variable order.
    doc-ref: rfc-2024 2.4; kernel/trace/ring_buffer.c
    seq:
      - id: next
        type: u8
        -orig-id: list.next
        -unit: virtual-address
        doc: Next descriptor of the ring; the kernel keeps state in the two low bits.
      - id: prev
        type: u8
        -orig-id: list.prev
        -unit: virtual-address
        doc: Previous descriptor of the ring.
      - id: write
        type: u8
        -orig-id: write
        -unit: index
        doc: Index of the next write.
      - id: read
        type: u4
        -orig-id: read
        -unit: index
        doc: Index of the next read.
      - id: padding_28
        size: 4
        -orig-id: (padding)
        doc: Not used by the kernel.
      - id: entries
        type: u8
        -orig-id: entries
        -unit: count
        doc: Events on the page.
      - id: real_end
        type: u8
        -orig-id: real_end
        -unit: bytes
        doc: End of the data on the page.
      - id: order
        type: u4
        -orig-id: order
        doc: Order of the data page.
      - id: padding_52
        size: 4
        -orig-id: (padding)
        doc: Not used by the kernel.
      - id: page
        type: u8
        -orig-id: page
        -unit: virtual-address
        doc: Virtual address of the data page in the old kernel.
  buffer_page_v2:
    -orig-id: struct buffer_page
    doc: Descriptor of one ring buffer page, kernels without sub-buffer orders.
    doc-ref: rfc-2024 2.4; kernel/trace/ring_buffer.c
    seq:
      - id: next
        type: u8
        -orig-id: list.next
        -unit: virtual-address
        doc: Next descriptor of the ring; the kernel keeps state in the two low bits.
      - id: prev
        type: u8
        -orig-id: list.prev
        -unit: virtual-address
        doc: Previous descriptor of the ring.
      - id: write
        type: u8
        -orig-id: write
        -unit: index
        doc: Index of the next write.
      - id: read
        type: u4
        -orig-id: read
        -unit: index
        doc: Index of the next read.
      - id: padding_28
        size: 4
        -orig-id: (padding)
        doc: Not used by the kernel.
      - id: entries
        type: u8
        -orig-id: entries
        -unit: count
        doc: Events on the page.
      - id: real_end
        type: u8
        -orig-id: real_end
        -unit: bytes
        doc: End of the data on the page.
      - id: page
        type: u8
        -orig-id: page
        -unit: virtual-address
        doc: Virtual address of the data page in the old kernel.
