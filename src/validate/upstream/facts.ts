/** Facts about an upstream handover that several rules need, each computed once. */
import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { findAreas, findLists, type PlacedArea, type PlacedList } from './chain.js';
import { type Folios, findMemfds, type PlacedMemfd, scanFolios } from './folios.js';

export interface UpstreamFacts {
  areas(): readonly PlacedArea[];
  lists(): readonly PlacedList[];
  folios(): Folios;
  memfds(): readonly PlacedMemfd[];
}

const known = new WeakMap<Handover, UpstreamFacts>();

/** The facts about a handover; they live as long as it does. */
export function upstreamFacts(handover: Handover): UpstreamFacts {
  const facts = known.get(handover) ?? createUpstreamFacts(handover);
  known.set(handover, facts);
  return facts;
}

function createUpstreamFacts(handover: Handover): UpstreamFacts {
  let areas: readonly PlacedArea[] | undefined;
  let lists: readonly PlacedList[] | undefined;
  let folios: Folios | undefined;
  let memfds: readonly PlacedMemfd[] | undefined;
  return {
    areas() {
      areas ??= findAreas(handover);
      return areas;
    },
    lists() {
      lists ??= findLists(handover);
      return lists;
    },
    folios() {
      folios ??= scanFolios(handover, wholePages(handover));
      return folios;
    },
    memfds() {
      memfds ??= findMemfds(handover);
      return memfds;
    },
  };
}

function wholePages({ preserved, preservedMap }: Handover): PreservedPages | undefined {
  return preservedMap?.complete === true ? preserved?.pages : undefined;
}
