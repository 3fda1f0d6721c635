/** The map of memory: lanes on a canvas, IO address spaces below, lines from an IOVA to where it lands. */
import { firstBar, hexText, type ReadPage, sizeText } from '../answer.js';
import type { Bars } from '../bars.js';
import { all, byId, make } from './dom.js';
import { columnOf, createTrack, frameAt, move, pan, show, type Track, widthOf, zoom } from './track.js';

const LANE = 22;
const BAR = 14;
const LABEL = 170;
/** Below this width labels stand above their bars. */
const NARROW = 640;
const FOOT = 22;
/** Room for the lines above an IO address space. */
const LINES = 72;
/** Spaces that are drawn at a time. */
const MAX_SPACES = 3;
/** Pages around an address that the map goes to. */
const AROUND = 24;

/** What others ask of the map. */
export interface MemoryMap {
  /** Goes to a physical address and marks it. */
  goTo(address: number): void;
  draw(): void;
}

interface Hit {
  readonly text: string;
  readonly address?: number;
}

/** Sets the map up; undefined where the page has none. */
export function createMap(page: ReadPage, ask: (query: string) => void): MemoryMap | undefined {
  const canvas = byId<HTMLCanvasElement>('map-canvas');
  const box = canvas?.parentElement;
  const context = canvas?.getContext('2d');
  if (canvas === undefined || box === null || box === undefined || context === null || context === undefined)
    return undefined;
  const { data, lanes, links } = page;
  const tip = byId('map-tip');
  const rangeText = box.querySelector('.map-range');
  const memory = createTrack(data.axis, data.width);
  const tracks = data.spaces.map(({ axis }) => createTrack(axis, data.width));
  let shown = data.spaces.slice(0, MAX_SPACES).map((_, i) => i);
  let selected = 0;
  let mark: number | undefined;
  let width = 0;
  let planned = false;
  let colours = new Map<string, string>();

  box.hidden = false;
  for (const figure of all('.map-static')) figure.hidden = true;

  const left = (): number => (width < NARROW ? 0 : LABEL);
  const step = (): number => (width < NARROW ? LANE + 12 : LANE);
  const lanesHeight = (): number => data.lanes.length * step();
  const spaceTop = (nth: number): number => lanesHeight() + FOOT + (nth + 1) * LINES + nth * (BAR + 18);
  const height = (): number =>
    shown.length === 0 ? lanesHeight() + FOOT : spaceTop(shown.length - 1) + BAR + 20;

  function colour(name: string): string {
    let known = colours.get(name);
    if (known === undefined) {
      known = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888';
      colours.set(name, known);
    }
    return known;
  }

  /** Pixels of a column. */
  const pixel = (track: Track, column: number): number =>
    left() + ((column - track.from) / (track.to - track.from)) * (width - left());

  function plan(): void {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      draw();
    });
  }

  function resize(): void {
    const own = Math.max(200, (box as HTMLElement).clientWidth);
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    width = own;
    const [w, h] = [Math.round(own * ratio), Math.round(height() * ratio)];
    if ((canvas as HTMLCanvasElement).width !== w || (canvas as HTMLCanvasElement).height !== h) {
      (canvas as HTMLCanvasElement).width = w;
      (canvas as HTMLCanvasElement).height = h;
      (canvas as HTMLCanvasElement).style.height = `${height()}px`;
    }
    (context as CanvasRenderingContext2D).setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  function draw(): void {
    resize();
    const c = context as CanvasRenderingContext2D;
    c.clearRect(0, 0, width, height());
    c.font = '12px system-ui, sans-serif';
    c.textBaseline = 'middle';
    drawSpaces(c);
    for (const [i, lane] of data.lanes.entries()) drawLane(c, i, lane.title, lane.kind, lanes[i] ?? []);
    drawAxis(c);
    drawMark(c);
    tellRange();
  }

  function drawLane(
    c: CanvasRenderingContext2D,
    i: number,
    title: string,
    kind: string,
    levels: readonly Bars[],
  ): void {
    const narrow = width < NARROW;
    const y = i * step() + (narrow ? 14 : 2);
    c.fillStyle = colour('soft');
    for (const [, , x, columns] of data.axis) {
      const [a, b] = [pixel(memory, x), pixel(memory, x + columns)];
      const [from, to] = [Math.max(left(), a), Math.min(width, b)];
      if (to > from) c.fillRect(from, y, to - from, BAR);
    }
    c.save();
    c.beginPath();
    c.rect(left(), y, width - left(), BAR);
    c.clip();
    c.fillStyle = colour(kind);
    drawBars(c, memory, levels, y);
    c.restore();
    c.fillStyle = colour(i === selected && document.activeElement === canvas ? 'accent' : 'fg');
    c.textAlign = 'left';
    c.fillText(clipped(c, title, narrow ? width : LABEL - 10), 0, narrow ? i * step() + 7 : y + BAR / 2);
  }

  /** The finest level that is not much finer than pixels, and of it what is in sight, each pixel once. */
  function drawBars(c: CanvasRenderingContext2D, track: Track, levels: readonly Bars[], y: number): void {
    const first = frameAt(track, track.from);
    const last = frameAt(track, track.to);
    const bars =
      levels.find((level) => firstBar(level, last) - firstBar(level, first) < width) ?? levels.at(-1);
    if (bars === undefined) return;
    let painted = -1;
    for (let i = firstBar(bars, first); i < bars.length; i++) {
      const start = bars.starts[i] as number;
      if (start > last) break;
      const from = pixel(track, columnOf(track, start));
      const to = Math.max(from + 1, pixel(track, columnOf(track, bars.ends[i] as number)));
      if (to <= painted) continue;
      const begin = Math.max(from, painted);
      c.fillRect(begin, y, to - begin, BAR);
      painted = to;
    }
  }

  function drawAxis(c: CanvasRenderingContext2D): void {
    const y = lanesHeight();
    c.strokeStyle = colour('line');
    c.fillStyle = colour('faint');
    c.textAlign = 'left';
    let free = left();
    const label = (frame: number, x: number): void => {
      const text = hexText(Math.floor(frame) * data.frame);
      const size = c.measureText(text).width;
      if (x < free || x + size > width) return;
      c.fillText(text, x, y + 12);
      free = x + size + 12;
    };
    // Where a gap is folded there is a line, and the address after it.
    for (const [start, , x] of data.axis) {
      const at = pixel(memory, x);
      if (at < left() - 1 || at > width) continue;
      c.beginPath();
      c.moveTo(at + 0.5, 0);
      c.lineTo(at + 0.5, y + 4);
      c.stroke();
      label(start, at);
    }
    if (free === left()) {
      for (let i = 0; i < 6; i++) {
        const at = left() + (i * (width - left())) / 6;
        label(
          frameAt(memory, memory.from + ((at - left()) / (width - left())) * (memory.to - memory.from)),
          at,
        );
      }
    }
  }

  function drawSpaces(c: CanvasRenderingContext2D): void {
    for (const [nth, i] of shown.entries()) {
      const space = data.spaces[i];
      const track = tracks[i];
      const bars = links[i];
      if (space === undefined || track === undefined || bars === undefined) continue;
      const y = spaceTop(nth);
      c.fillStyle = colour('soft');
      c.fillRect(left(), y, width - left(), BAR);
      c.save();
      c.beginPath();
      c.rect(left(), lanesHeight() + FOOT, width - left(), y + BAR);
      c.clip();
      c.lineWidth = 1;
      const first = frameAt(track, track.from);
      for (let bar = firstBar(bars, first); bar < bars.length; bar++) {
        const start = bars.starts[bar] as number;
        const from = pixel(track, columnOf(track, start));
        if (from > width) break;
        const to = Math.max(from + 1, pixel(track, columnOf(track, bars.ends[bar] as number)));
        const kept = bars.owners[bar] === 0;
        c.fillStyle = colour(kept ? 'mapped' : 'bad');
        c.fillRect(from, y, to - from, BAR);
        const target = bars.positions[bar] as number;
        if (Number.isNaN(target)) continue;
        // Of several stretches only the first's place is known.
        const pages = bars.counts[bar] === 1 ? (bars.ends[bar] as number) - start : 1;
        const lands = pixel(memory, columnOf(memory, target));
        const landsEnd = Math.max(lands + 1, pixel(memory, columnOf(memory, target + pages)));
        if (landsEnd < left() || lands > width) continue;
        drawRibbon(c, [Math.max(left(), from), Math.min(width, to)], [lands, landsEnd], y, kept);
      }
      c.restore();
      c.fillStyle = colour('fg');
      c.textAlign = 'left';
      const devices = space.devices.length === 0 ? '' : ` ${space.devices.slice(0, 2).join(', ')}`;
      if (width < NARROW) c.fillText(clipped(c, `${space.title}${devices}`, width), 0, y + BAR + 10);
      else {
        c.fillText(clipped(c, space.title, LABEL - 10), 0, y + BAR / 2);
        c.fillStyle = colour('faint');
        c.fillText(clipped(c, devices.trim(), LABEL - 10), 0, y + BAR + 10);
        c.fillText(`IOVA ${hexText(Math.floor(first) * data.frame)}`, left(), y + BAR + 10);
      }
    }
  }

  /** A line from a stretch of IOVAs to where it lands, as wide as both are. */
  function drawRibbon(
    c: CanvasRenderingContext2D,
    [from, to]: readonly [number, number],
    [lands, landsEnd]: readonly [number, number],
    y: number,
    kept: boolean,
  ): void {
    const top = lanesHeight() + FOOT;
    const middle = (y + top) / 2;
    c.beginPath();
    if (to - from < 3 && landsEnd - lands < 3) {
      c.globalAlpha = kept ? 0.35 : 0.9;
      c.strokeStyle = c.fillStyle;
      c.moveTo((from + to) / 2, y);
      c.bezierCurveTo((from + to) / 2, middle, lands, middle, lands, top);
      c.stroke();
    } else {
      c.globalAlpha = kept ? 0.22 : 0.5;
      c.moveTo(from, y);
      c.bezierCurveTo(from, middle, lands, middle, lands, top);
      c.lineTo(landsEnd, top);
      c.bezierCurveTo(landsEnd, middle, to, middle, to, y);
      c.fill();
    }
    c.globalAlpha = 1;
  }

  function drawMark(c: CanvasRenderingContext2D): void {
    if (mark === undefined) return;
    const x = pixel(memory, columnOf(memory, mark / data.frame));
    if (x < left() || x > width) return;
    c.strokeStyle = colour('accent');
    c.lineWidth = 2;
    c.beginPath();
    c.moveTo(x, 0);
    c.lineTo(x, lanesHeight() + 6);
    c.stroke();
    c.lineWidth = 1;
  }

  function clipped(c: CanvasRenderingContext2D, text: string, room: number): string {
    if (c.measureText(text).width <= room) return text;
    let end = text.length;
    while (end > 1 && c.measureText(`${text.slice(0, end)}…`).width > room) end--;
    return `${text.slice(0, end)}…`;
  }

  function tellRange(): void {
    const first = Math.floor(frameAt(memory, memory.from));
    const last = Math.ceil(frameAt(memory, memory.to));
    const text = `${hexText(first * data.frame)} to ${hexText(last * data.frame)}`;
    if (rangeText !== null && rangeText.textContent !== text) rangeText.textContent = text;
  }

  /** What is at a place of the canvas. */
  function hitAt(x: number, y: number): Hit | undefined {
    for (const [nth, i] of shown.entries()) {
      const top = spaceTop(nth);
      if (y >= top - 2 && y <= top + BAR + 2) return spaceHit(i, x);
    }
    const row = Math.floor(y / step());
    return row < 0 || row >= data.lanes.length ? undefined : laneHit(row, x);
  }

  function laneHit(row: number, x: number): Hit | undefined {
    const lane = data.lanes[row];
    const bars = lanes[row]?.[0];
    if (lane === undefined || bars === undefined || x < left())
      return lane === undefined ? undefined : { text: `${lane.title}: ${lane.about}` };
    const perPixel = (memory.to - memory.from) / (width - left());
    const column = memory.from + (x - left()) * perPixel;
    const frame = frameAt(memory, column);
    const near = frameAt(memory, column + 3 * perPixel);
    const bar = firstBar(bars, frameAt(memory, column - 2 * perPixel));
    const address = Math.floor(frame) * data.frame;
    if (bar >= bars.length || (bars.starts[bar] as number) > near)
      return { text: `${hexText(address)}: nothing of ${lane.title}`, address };
    return {
      text: barText(row, bars, bar),
      address: Math.max(address, (bars.starts[bar] as number) * data.frame),
    };
  }

  function barText(row: number, bars: Bars, bar: number): string {
    const [start, end] = [bars.starts[bar] as number, bars.ends[bar] as number];
    const [owner] = data.owners[bars.owners[bar] as number] ?? ['several owners'];
    const count = bars.counts[bar] as number;
    const covered = sizeText((bars.covered[bar] as number) * data.frame);
    const many = count > 1 ? ` (${covered} in ${count} ranges)` : '';
    return `${data.lanes[row]?.title}: ${hexText(start * data.frame)}-${hexText(end * data.frame)}, ${sizeText((end - start) * data.frame)}${many}, ${owner}`;
  }

  function spaceHit(i: number, x: number): Hit | undefined {
    const track = tracks[i];
    const bars = links[i];
    const space = data.spaces[i];
    if (track === undefined || bars === undefined || space === undefined) return undefined;
    const perPixel = (track.to - track.from) / (width - left());
    const column = track.from + (x - left()) * perPixel;
    const bar = firstBar(bars, frameAt(track, column - 2 * perPixel));
    if (bar >= bars.length || (bars.starts[bar] as number) > frameAt(track, column + 3 * perPixel))
      return {
        text: `${space.title}: IOVA ${hexText(Math.floor(frameAt(track, column)) * data.frame)} is not mapped`,
      };
    const [start, end] = [bars.starts[bar] as number, bars.ends[bar] as number];
    const target = bars.positions[bar] as number;
    const count = bars.counts[bar] as number;
    const where = Number.isNaN(target) ? '' : ` leads to ${hexText(target * data.frame)}`;
    return {
      text: `${space.title}: IOVA ${hexText(start * data.frame)}-${hexText(end * data.frame)}${count > 1 ? ` (${count} stretches), the first` : ''}${where}${bars.owners[bar] === 0 ? '' : ', not preserved'}`,
      ...(Number.isNaN(target) ? {} : { address: target * data.frame }),
    };
  }

  function say(text: string): void {
    if (tip !== undefined && tip.textContent !== text) tip.textContent = text;
  }

  /** The track below a place: that of a space where the pointer is on it. */
  function trackAt(y: number): Track {
    for (const [nth, i] of shown.entries()) {
      const top = spaceTop(nth);
      if (y >= top - 4 && y <= top + BAR + 4) return tracks[i] ?? memory;
    }
    return memory;
  }

  const part = (x: number): number => Math.min(1, Math.max(0, (x - left()) / (width - left())));

  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const track = trackAt(event.offsetY);
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        pan(track, (event.deltaX || event.deltaY) / width);
      else zoom(track, Math.exp(-event.deltaY / (event.deltaMode === 0 ? 300 : 10)), part(event.offsetX));
      plan();
    },
    { passive: false },
  );
  const fingers = new Map<number, { x: number; y: number }>();
  let dragged: { x: number; track: Track; far: boolean } | undefined;
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    dragged = { x: event.offsetX, track: trackAt(event.offsetY), far: false };
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) {
      const hit = hitAt(event.offsetX, event.offsetY);
      if (hit !== undefined) say(hit.text);
      return;
    }
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    const [other] = others;
    if (dragged === undefined) return;
    if (other !== undefined) {
      const old = Math.abs(before.x - other[1].x);
      const now = Math.abs(event.offsetX - other[1].x);
      if (old > 8 && now > 8) zoom(dragged.track, now / old, part((event.offsetX + other[1].x) / 2));
      dragged.far = true;
    } else {
      pan(dragged.track, (before.x - event.offsetX) / Math.max(1, width - left()));
      if (Math.abs(event.offsetX - dragged.x) > 4) dragged.far = true;
    }
    plan();
  });
  const release = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (dragged !== undefined && !dragged.far && event.type === 'pointerup') {
      const hit = hitAt(event.offsetX, event.offsetY);
      if (hit?.address !== undefined) ask(hexText(hit.address));
    }
    if (fingers.size === 0) dragged = undefined;
  };
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('focus', plan);
  canvas.addEventListener('blur', plan);
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = left() + (width - left()) / 2;
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      selected = Math.min(data.lanes.length - 1, Math.max(0, selected + (event.key === 'ArrowUp' ? -1 : 1)));
      const lane = data.lanes[selected];
      if (lane !== undefined) say(`${lane.title}: ${lane.about}`);
    } else if (event.key === 'Enter' || event.key === ' ') {
      const hit = laneHit(selected, middle);
      if (hit !== undefined) say(hit.text);
      if (hit?.address !== undefined && event.key === 'Enter') ask(hexText(hit.address));
    } else if (!act(KEYS[event.key] ?? '')) return;
    event.preventDefault();
    plan();
  });

  /** Does what a key or a button stands for; false for none. */
  function act(action: string): boolean {
    if (action === 'in') zoom(memory, 2, 0.5);
    else if (action === 'out') zoom(memory, 0.5, 0.5);
    else if (action === 'left') pan(memory, -0.2);
    else if (action === 'right') pan(memory, 0.2);
    else if (action === 'all') {
      for (const track of [memory, ...tracks]) move(track, 0, widthOf(track));
    } else return false;
    plan();
    return true;
  }

  for (const button of all<HTMLButtonElement>('[data-map]', box))
    button.addEventListener('click', () => act(button.dataset.map ?? ''));
  if (data.spaces.length > MAX_SPACES) {
    const select = make('select', '', { 'aria-label': 'IO address space' });
    for (const [i, { title, devices }] of data.spaces.entries())
      select.append(make('option', `${title} ${devices.slice(0, 2).join(', ')}`, { value: `${i}` }));
    select.addEventListener('change', () => {
      shown = [Number(select.value)];
      plan();
    });
    // The one of which there is most to see.
    const largest = links.reduce(
      (best, { length }, i) => (length > (links[best]?.length ?? 0) ? i : best),
      0,
    );
    select.value = `${largest}`;
    shown = [largest];
    box.querySelector('.map-bar')?.append(select);
  }
  window.addEventListener('resize', plan);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = new Map();
    plan();
  });
  new ResizeObserver(plan).observe(box);
  draw();
  return {
    goTo(address) {
      mark = address;
      const frame = Math.floor(address / data.frame);
      show(memory, frame - AROUND, frame + AROUND);
      plan();
    },
    draw,
  };
}

const KEYS: Readonly<Record<string, string>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  '+': 'in',
  '=': 'in',
  '-': 'out',
  _: 'out',
  Home: 'all',
  '0': 'all',
};
