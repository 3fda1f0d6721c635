/** What was wrong with a memory file, each with a stable code. */
export type MemoryCode =
  | 'budget-shown'
  | 'budget-work'
  | 'budget-held'
  | 'budget-map'
  | 'budget-tables'
  | 'budget-lists'
  | 'budget-output'
  | 'elf-segments-aliased'
  | 'elf-header-truncated'
  | 'elf-magic'
  | 'elf-class'
  | 'elf-byte-order'
  | 'elf-type'
  | 'elf-machine'
  | 'elf-program-header-size'
  | 'elf-program-headers-truncated'
  | 'elf-program-headers-too-many'
  | 'elf-extended-count'
  | 'elf-no-segments'
  | 'elf-no-physical-addresses'
  | 'elf-segment-truncated'
  | 'elf-segment-file-size'
  | 'elf-segment-address'
  | 'elf-segments-overlap'
  | 'elf-note-bounds'
  | 'elf-notes-too-many'
  | 'elf-vmcoreinfo-size'
  | 'flattened-truncated'
  | 'flattened-piece'
  | 'kdump-header-truncated'
  | 'kdump-signature'
  | 'kdump-version'
  | 'kdump-machine'
  | 'kdump-block-size'
  | 'kdump-layout'
  | 'kdump-bitmap'
  | 'kdump-split'
  | 'kdump-incomplete'
  | 'kdump-descriptors-truncated'
  | 'kdump-vmcoreinfo'
  | 'kdump-page';

/** One kind of trouble in a memory file; further cases of the same kind are only counted. */
export interface MemoryDiagnostic {
  readonly code: MemoryCode;
  /** One sentence on the first case. */
  readonly message: string;
  /** Where in the (unpacked) file, in bytes. */
  readonly fileOffset?: number;
  /** How many cases there are, the first included. */
  readonly count: number;
}

/** Takes diagnostics, one per code, in the order of their first case. */
export interface DiagnosticSink {
  /** Another case; of one code the first is kept, and the others are counted. */
  add(code: MemoryCode, message: string, fileOffset?: number): void;
  /** Each code once, with the number of its cases. */
  list(): MemoryDiagnostic[];
}

/** An empty sink; what it holds is bounded by the number of codes, whatever the input. */
export function createDiagnostics(): DiagnosticSink {
  const entries = new Map<MemoryCode, MemoryDiagnostic>();
  return {
    add(code, message, fileOffset) {
      const first = entries.get(code);
      if (first !== undefined) entries.set(code, { ...first, count: first.count + 1 });
      else if (fileOffset === undefined) entries.set(code, { code, message, count: 1 });
      else entries.set(code, { code, message, fileOffset, count: 1 });
    },
    list: () => [...entries.values()],
  };
}

/** Codes that mean bytes of the container are missing or cannot be trusted: it is cut off or damaged. */
const DAMAGE: ReadonlySet<MemoryCode> = new Set<MemoryCode>([
  'elf-program-headers-truncated',
  'elf-program-headers-too-many',
  'elf-extended-count',
  'elf-segment-truncated',
  'elf-note-bounds',
  'flattened-truncated',
  'flattened-piece',
  'kdump-bitmap',
  'kdump-split',
  'kdump-incomplete',
  'kdump-descriptors-truncated',
  'kdump-vmcoreinfo',
  'kdump-page',
]);

/** Whether the file does not hold all that it was meant to hold. */
export function isDamage({ code }: Pick<MemoryDiagnostic, 'code'>): boolean {
  return DAMAGE.has(code);
}
