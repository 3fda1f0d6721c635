/** An axis of folded stretches that can be moved and zoomed. */
import type { StretchData } from '../data.js';

/** Frames on a line of pixels. */
export interface Track {
  readonly axis: readonly StretchData[];
  /** Columns in sight: all of them at first. */
  from: number;
  to: number;
}

/** Columns that are in sight at the least; a page is far wider than that. */
const NARROWEST = 1e-7;

/** @param width columns of the axis */
export function createTrack(axis: readonly StretchData[], width: number): Track {
  const [, , x = 0, last = width] = axis.at(-1) ?? [0, 0, 0, width];
  return { axis, from: 0, to: x + last };
}

/** Columns of an axis. */
export function widthOf({ axis }: Pick<Track, 'axis'>): number {
  const [, , x = 0, width = 1] = axis.at(-1) ?? [0, 0, 0, 1];
  return x + width;
}

/** The column of a frame; of one in a folded gap, that of the stretch after it. */
export function columnOf({ axis }: Pick<Track, 'axis'>, frame: number): number {
  for (const [start, end, x, width] of axis) {
    if (frame <= start) return x;
    if (frame <= end) return x + ((frame - start) / (end - start)) * width;
  }
  return widthOf({ axis });
}

/** The frame at a column. */
export function frameAt({ axis }: Pick<Track, 'axis'>, column: number): number {
  let last = 0;
  for (const [start, end, x, width] of axis) {
    if (column < x) return start;
    if (column < x + width) return start + ((column - x) / width) * (end - start);
    last = end;
  }
  return last;
}

/** Makes what is in sight `factor` times as large, with the column at `part` of the width staying where it is. */
export function zoom(track: Track, factor: number, part: number): void {
  const whole = widthOf(track);
  const size = Math.min(whole, Math.max(NARROWEST, (track.to - track.from) / factor));
  const fixed = track.from + part * (track.to - track.from);
  move(track, fixed - part * size, size);
}

/** Moves by a part of what is in sight. */
export function pan(track: Track, part: number): void {
  const size = track.to - track.from;
  move(track, track.from + part * size, size);
}

/** Shows [from, from + size), kept inside the axis. */
export function move(track: Track, from: number, size: number): void {
  const whole = widthOf(track);
  const own = Math.min(whole, size);
  track.from = Math.min(Math.max(0, from), whole - own);
  track.to = track.from + own;
}

/** Shows frames [start, end) in the middle, with some room beside them. */
export function show(track: Track, start: number, end: number): void {
  const [a, b] = [columnOf(track, start), columnOf(track, end)];
  const size = Math.max((b - a) * 4, NARROWEST);
  move(track, (a + b) / 2 - size / 2, size);
}
