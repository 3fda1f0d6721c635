/** What a handover uses physical memory for: who does, and with which runs of pages. */
import type { Handover } from '../../abi/model.js';
import type { User, Uses } from './user.js';
import { collectRfc } from './uses-rfc.js';
import { collectUpstream } from './uses-upstream.js';

/** All uses of a handover as far as its dump tells them. The runs are not held: a user draws its own. */
export function usesOf(handover: Handover): Uses {
  const users: User[] = [];
  const untold: string[] = [];
  const collector = {
    untold: (prefix: string) => void untold.push(prefix),
    user: (user: User) => void users.push(user),
  };
  collectUpstream(handover, collector);
  collectRfc(handover, collector);
  return { users, untold };
}
