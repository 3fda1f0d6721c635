/** A PCI function as the VT-d tables index it. */
export interface DeviceId {
  /** PCI segment, 0..0xffff; the tables of one unit serve one segment and do not store it. */
  readonly segment: number;
  /** 0..255: index into the root table. */
  readonly bus: number;
  /** Device in bits 7:3, function in bits 2:0: index into the context table. */
  readonly devfn: number;
}

const PATTERN = /^(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i;

/**
 * Parses `[SSSS:]BB:DD.F`, all hexadecimal.
 *
 * @returns undefined when the text is none, or the device number is above 0x1f
 */
export function parseDeviceId(text: string): DeviceId | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, segment = '0', bus = '', device = '', fn = ''] = match;
  const number = Number.parseInt(device, 16);
  if (number > 0x1f) return undefined;
  return {
    segment: Number.parseInt(segment, 16),
    bus: Number.parseInt(bus, 16),
    devfn: (number << 3) | Number.parseInt(fn, 16),
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** `bb:dd.f`, as the kernel prints it. */
export function functionText(bus: number, devfn: number): string {
  return `${hex(bus, 2)}:${hex(devfn >> 3, 2)}.${devfn & 7}`;
}

/** `ssss:bb:dd.f`, as the kernel prints it. */
export function deviceText({ segment, bus, devfn }: DeviceId): string {
  return `${hex(segment, 4)}:${functionText(bus, devfn)}`;
}
