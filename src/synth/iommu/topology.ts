/** Where devices are: behind root ports, behind switches, or on bus 0 itself, each below a remapping unit of its segment. */
import type { Random } from '../random.js';

/** A PCI function. */
export interface Place {
  readonly segment: number;
  readonly bus: number;
  readonly devfn: number;
}

export interface Endpoint extends Place {
  /** Number of its unit. */
  readonly unit: number;
  /** Bridges above it, the nearest first. */
  readonly above: readonly Place[];
}

export interface Topology {
  readonly endpoints: readonly Endpoint[];
  /** By unit: its segment, and buses with a context table. */
  readonly units: readonly { readonly segment: number; readonly buses: readonly number[] }[];
}

/** Devices of a bus, function 0 of each. */
const BUS_DEVICES = 32;
/** Units that share a segment. */
const SHARED = 2;
const LAST_BUS = 0xff;
/** Machines of more endpoints have them packed: buses are few. */
const PACKED = 400;
/** First device number on bus 0 that no root port has, where there are few of these. */
const ON_BUS_0 = 0x18;

/** Endpoints that fit below one unit for sure. */
export const MOST_ENDPOINTS = 250 * BUS_DEVICES;

interface Segment {
  next: number;
  ports: number;
  onBus0: number;
}

/**
 * @throws RangeError for more endpoints than there are buses for
 */
export function layTopology(endpoints: number, units: number, random: Random): Topology {
  const packed = endpoints > PACKED;
  const segments: Segment[] = [];
  const found: Endpoint[] = [];
  const below = Array.from({ length: units }, (_, unit) => {
    const number = Math.floor(unit / SHARED);
    segments[number] ??= { next: 1, ports: 0, onBus0: 0 };
    const segment = segments[number];
    const buses = new Set([0]);
    const add = (bus: number, devfn: number, above: readonly Place[]): void => {
      buses.add(bus);
      found.push({ segment: number, bus, devfn, unit, above });
    };
    const bridge = (bus: number, devfn: number): Place => {
      buses.add(bus);
      return { segment: number, bus, devfn };
    };
    const newBus = (): number => {
      if (segment.next > LAST_BUS) throw new RangeError('more devices than there are buses for');
      return segment.next++;
    };
    const newPort = (): Place => bridge(0, 1 + segment.ports++);
    let left = Math.floor(endpoints / units) + (unit < endpoints % units ? 1 : 0);
    while (left > 0) {
      if (!packed && left >= 2 && random.chance(0.3)) {
        const port = newPort();
        const upstream = bridge(newBus(), 0);
        const inner = newBus();
        const ports = random.between(2, Math.min(4, left));
        for (let i = 0; i < ports; i++) add(newBus(), 0, [bridge(inner, i << 3), upstream, port]);
        left -= ports;
      } else if (!packed && segment.onBus0 < 4 && random.chance(0.15)) {
        add(0, (ON_BUS_0 + segment.onBus0++) << 3, []);
        left--;
      } else {
        const count = Math.min(left, packed ? BUS_DEVICES : random.between(1, 4));
        const above = [newPort()];
        const bus = newBus();
        for (let i = 0; i < count; i++) add(bus, (packed ? i : random.below(2) * 16 + i) << 3, above);
        left -= count;
      }
    }
    // A bus without preserved devices has a context table too.
    if (segment.next <= LAST_BUS && random.chance(0.5)) buses.add(newBus());
    return { segment: number, buses: [...buses].sort((a, b) => a - b) };
  });
  return { endpoints: found, units: below };
}
