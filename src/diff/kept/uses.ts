/** What a handover uses physical memory for: runs of pages, each with who uses them. */
import type { Handover } from '../../abi/model.js';
import type { UseCollector, User, Uses } from './user.js';
import { collectRfc } from './uses-rfc.js';
import { collectUpstream } from './uses-upstream.js';

/** All uses of a handover as far as its dump tells them. */
export function usesOf(handover: Handover): Uses {
  const users: User[] = [];
  const untold: string[] = [];
  let starts = new Float64Array(64);
  let ends = new Float64Array(64);
  let owners = new Int32Array(64);
  let positions = new Float64Array(64);
  let length = 0;
  const collector: UseCollector = {
    untold: (prefix) => void untold.push(prefix),
    user: (user) => users.push(user) - 1,
    add(user, start, end, position = Number.NaN) {
      if (!(start >= 0 && start < end && end <= Number.MAX_SAFE_INTEGER)) return;
      if (length === starts.length) {
        starts = grown(starts, new Float64Array(2 * length));
        ends = grown(ends, new Float64Array(2 * length));
        owners = grown(owners, new Int32Array(2 * length));
        positions = grown(positions, new Float64Array(2 * length));
      }
      starts[length] = start;
      ends[length] = end;
      owners[length] = user;
      positions[length++] = position;
    },
  };
  collectUpstream(handover, collector);
  collectRfc(handover, collector);
  return { users, untold, length, starts, ends, owners, positions };
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
