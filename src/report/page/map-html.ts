/** The map of physical memory without a script: one lane a kind, and its largest ranges as a table. */
import type { Stretch } from './axis.js';
import type { Bars } from './bars.js';
import { framesText, frameText, linkHtml, number, rangeHtml, wideTable } from './html.js';
import type { Lane } from './lanes.js';
import { html } from './markup.js';
import { type PageModel, WIDTH } from './model.js';

const LABEL = 190;
const LANE = 24;
const BAR = 16;
/** Bars with a title of their own; more are one shape. */
const MAX_TITLES = 48;
/** Ranges of a lane in its table. */
const MAX_RANGES = 32;
/** Room for the addresses below. */
const FOOT = 26;

/** The place of the map that the script draws, the picture for those without, and the tables. */
export function* mapHtml(model: PageModel): Generator<string> {
  const { lanes, axis } = model;
  if (lanes.length === 0 || axis.length === 0) return;
  yield '<div class="map" hidden="hidden">\n<div class="map-bar" role="toolbar" aria-label="Map of physical memory">';
  for (const [action, label, text] of [
    ['in', 'zoom in', '+'],
    ['out', 'zoom out', '-'],
    ['left', 'to lower addresses', '←'],
    ['right', 'to higher addresses', '→'],
    ['all', 'show all of memory', 'all'],
  ] as const)
    yield `<button type="button" data-map="${action}" aria-label="${label}">${text}</button>`;
  yield '<span class="map-range" role="status"></span></div>\n';
  yield '<canvas id="map-canvas" tabindex="0" role="application" aria-label="Physical memory. Arrow keys move, plus and minus zoom, Home shows all, Enter tells what is in the middle." aria-describedby="map-tip"></canvas>\n';
  yield '<p id="map-tip" class="map-tip" aria-live="polite"></p>\n</div>\n';
  yield `<figure class="map-static"><figcaption class="faint">Physical memory, ${frameText(axis[0]?.start ?? 0)} to ${frameText(axis.at(-1)?.end ?? 0)}; ${axis.length > 1 ? 'gaps are folded' : 'to scale'}.</figcaption>\n`;
  yield* mapSvg(lanes, axis, model);
  yield '</figure>\n<details id="ranges"><summary>The largest ranges of each lane, as tables</summary>\n';
  for (const lane of lanes) yield* laneTable(lane, model);
  yield '</details>\n';
}

function* mapSvg(lanes: readonly Lane[], axis: readonly Stretch[], model: PageModel): Generator<string> {
  const height = lanes.length * LANE + FOOT;
  yield `<svg viewBox="0 0 ${LABEL + WIDTH} ${height}" role="img" aria-label="map of physical memory; the tables below say the same">\n`;
  for (const [i, lane] of lanes.entries()) {
    const y = i * LANE;
    yield `<text x="0" y="${y + 12}">${html(lane.title)}</text>\n`;
    for (const { x, width } of axis)
      yield `<rect class="lane" x="${LABEL + x}" y="${y}" width="${width}" height="${BAR}"/>`;
    yield* laneBars(lane, y, axis, model);
    yield '\n';
  }
  let free = 0;
  for (const { start, x, width } of axis) {
    yield `<path class="tick" d="M${LABEL + x} 0V${height - FOOT + 4}"/>`;
    const text = frameText(start);
    // A label that the next stretch has no room for is left out.
    if (x < free || width < 8 || x + text.length * 7 > WIDTH) continue;
    free = x + text.length * 8 + 8;
    yield `<text class="axis" x="${LABEL + x}" y="${height - 8}">${text}</text>`;
  }
  yield '\n</svg>\n';
}

function* laneBars(
  { kind, levels }: Lane,
  y: number,
  axis: readonly Stretch[],
  model: PageModel,
): Generator<string> {
  const bars = levels.at(-1);
  if (bars === undefined) return;
  if (bars.length <= MAX_TITLES) {
    for (let i = 0; i < bars.length; i++) {
      const [from, to] = columnsOf(bars, i, axis);
      yield `<rect class="${kind}" x="${LABEL + from}" y="${y}" width="${Math.max(1, to - from)}" height="${BAR}"><title>${html(barText(bars, i, model))}</title></rect>`;
    }
    return;
  }
  let path = '';
  let [open, until] = [-1, -1];
  const draw = (): void => {
    if (open >= 0) path += `M${LABEL + open} ${y}h${until - open}v${BAR}h${open - until}z`;
  };
  for (let i = 0; i < bars.length; i++) {
    const [from, to] = columnsOf(bars, i, axis);
    if (from <= until) until = Math.max(until, to);
    else {
      draw();
      [open, until] = [from, to];
    }
  }
  draw();
  yield `<path class="${kind}" d="${path}"/>`;
}

/** First column of a bar and the one after the last: at least one. */
function columnsOf(bars: Bars, i: number, axis: readonly Stretch[]): readonly [number, number] {
  const start = columnOf(axis, bars.starts[i] as number);
  const end = columnOf(axis, bars.ends[i] as number);
  return [Math.floor(start), Math.max(Math.floor(start) + 1, Math.ceil(end))];
}

/** The column of a frame; of one in a gap that of the edge. */
function columnOf(axis: readonly Stretch[], frame: number): number {
  for (const { start, end, x, width } of axis) {
    if (frame <= start) return x;
    if (frame <= end) return x + ((frame - start) / (end - start)) * width;
  }
  const last = axis.at(-1);
  return last === undefined ? 0 : last.x + last.width;
}

/** `0x1000-0x3000, 8 KiB, session "vm"`. */
function barText(bars: Bars, i: number, { owners }: PageModel): string {
  const [start, end] = [bars.starts[i] as number, bars.ends[i] as number];
  const covered = bars.covered[i] as number;
  const count = bars.counts[i] as number;
  const owner = owners.list[bars.owners[i] as number]?.text ?? 'several owners';
  const size =
    covered === end - start ? framesText(covered) : `${framesText(covered)} of ${framesText(end - start)}`;
  return `${frameText(start)}-${frameText(end)}, ${size}${count > 1 ? ` in ${number(count)} ranges` : ''}, ${owner}`;
}

function* laneTable(
  { id, title, about, pages, runs, levels }: Lane,
  { owners }: PageModel,
): Generator<string> {
  const bars = levels.at(-1);
  if (bars === undefined) return;
  const largest = Array.from({ length: bars.length }, (_, i) => i)
    .sort((a, b) => (bars.covered[b] as number) - (bars.covered[a] as number))
    .slice(0, MAX_RANGES)
    .sort((a, b) => a - b);
  yield `<h3 id="lane-${html(id)}">${html(title)}</h3>\n<p class="faint">${html(about)} ${framesText(pages)} in ${number(runs)} ${runs === 1 ? 'range' : 'ranges'}.</p>\n`;
  yield* wideTable(`ranges: ${title}`, ['Range', 'Size', 'Ranges', 'Owner'], rows());
  if (bars.length > largest.length)
    yield `<p class="faint">and ${number(bars.length - largest.length)} more; the map shows all</p>\n`;

  function* rows(): Generator<string> {
    for (const i of largest) {
      const owner = owners.list[(bars as Bars).owners[i] as number];
      const name =
        owner === undefined
          ? 'several'
          : owner.anchor === undefined
            ? html(owner.text)
            : linkHtml(owner.anchor, owner.text);
      const [start, end] = [(bars as Bars).starts[i] as number, (bars as Bars).ends[i] as number];
      yield `<tr><td>${rangeHtml(start, end)}</td><td class="number">${framesText((bars as Bars).covered[i] as number)}</td><td class="number">${number((bars as Bars).counts[i] as number)}</td><td>${name}</td></tr>\n`;
    }
  }
}
