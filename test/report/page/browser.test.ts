/** The page and the viewer in a real browser: search, zoom, links, filters, a dropped dump, and what must not happen. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Handover } from '../../../src/abi/model.js';
import { reportPage } from '../../../src/report/page/page.js';
import { planFromSeed, synthesise } from '../../../src/synth/synth.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import type { Finding } from '../../../src/validate/rule.js';
import { type ValidationResult, validate } from '../../../src/validate/run.js';
import { coreMemory, decodeAt } from '../../decode/linux-dumps.js';
import { fixtures } from '../../fixtures.js';
import { fileBytes, gunzip } from '../../memory/bytes.js';
import { buildDump } from '../../rfc/build-dump.js';
import { damaged } from '../../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../../rfc/plan.js';
import { byDay, sweep } from '../../sweep.js';
import { decodeSynthesis } from '../../synth/accounts.js';
import { type Chromium, executable, startChromium, type Watched } from './chromium.js';
import { HOSTILE, hostileHandover } from './hostile.js';

const required = process.env.CI === 'true';
if (executable === undefined && !required) console.warn('no Chromium on this machine: its tests are skipped');

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const viewer = fileURLToPath(new URL('../../../dist/viewer.html', import.meta.url));
/** Findings of the largest page. */
const FINDINGS = 100_000;
/** Bytes that a page may have. */
const MOST = 5 << 20;

function pageOf(handover: Handover, result: ValidationResult = validate(handover, catalogue)): string {
  const meta = { name: 'dump.elf', version: '1', date: '2026-01-01T00:00:00Z' };
  const text = [...reportPage({ meta, description: 'a dump', handover, catalogue, result })].join('');
  expect(Buffer.byteLength(text)).toBeLessThan(MOST);
  return text;
}

/** Violations that axe-core finds, each in a line. What runs in the page is text: this program knows no document. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
  );
}

/** Milliseconds of processor time of the page's thread for each key that the map gets, painting included. */
async function timeOf(page: Page, keys: readonly string[]): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const spent = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
  };
  const before = await spent();
  await page.evaluate(`(async () => {
    const canvas = document.getElementById('map-canvas');
    for (const key of ${JSON.stringify(keys)}) {
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  })()`);
  const milliseconds = (1000 * ((await spent()) - before)) / keys.length;
  expect(milliseconds).toBeGreaterThan(0);
  return milliseconds;
}

const range = (page: Page): Promise<string> => page.locator('.map-range').innerText();
const answer = (page: Page): Promise<string> => page.locator('#answer').innerText();

async function ask(page: Page, query: string): Promise<string> {
  // What was answered before is not the answer.
  await page.evaluate(`document.getElementById('answer').textContent = ''`);
  await page.fill('#query', query);
  await page.press('#query', 'Enter');
  const hash = JSON.stringify(`#q=${encodeURIComponent(query)}`);
  // Polled from here: within the page it would need eval, which its policy refuses.
  await expect
    .poll(() => page.evaluate(`document.querySelector('#answer h2') !== null && location.hash === ${hash}`))
    .toBe(true);
  return answer(page);
}

describe.skipIf(executable === undefined && !required)('in Chromium', () => {
  let chromium: Chromium;
  let iommu = '';
  let faulty = '';
  beforeAll(async () => {
    chromium = await startChromium();
    const core = coreMemory(gunzip(fileBytes(join(fixtures, 'linux-7.3-iommu-legacy/handover1.elf.gz'))));
    iommu = pageOf(decodeAt(core, 0x51c000n));
    faulty = pageOf(damaged(buildDump(SAMPLE_PLAN), {}));
  }, 120_000);
  afterEach(() => chromium.closePages());
  afterAll(() => chromium.close());

  test('a capture with devices: search, zoom, links and filters; nothing leaves the page', async () => {
    const { page, offences } = await chromium.open(iommu);
    const whole = await range(page);
    const text = await ask(page, '0x2223012');
    expect(text).toContain('luo_session_ser.name');
    expect(text).toContain('session "vm"');
    expect(text).toContain('/LUO preserved-data');
    expect(await range(page)).not.toBe(whole);
    // A link of the answer leads to the record, which is folded until then.
    await page.locator('#answer a[href^="#r-"]').first().click();
    const record = page.locator('details.record:target, details.record.reached');
    await expect.poll(() => record.getAttribute('open')).not.toBeNull();
    // From there a pointer leads on.
    await record.locator('td a.address').first().click();
    await expect.poll(() => page.evaluate('document.querySelector(".reached")?.id')).toMatch(/^r-/);
    expect(await ask(page, '0000:04:00.0@0x200000')).toContain('0x1b086000');
    expect(await ask(page, 'pfn:0x1b086')).toContain('mapped by');
    expect(await ask(page, 'LUO-012')).toContain('findings');
    expect(await ask(page, 'token 0x22')).toContain('iommufd');

    await page.click('[data-map=all]');
    await expect.poll(() => range(page)).toBe(whole);
    const box = await page.locator('#map-canvas').boundingBox();
    if (box === null) throw new Error('no map');
    await page.locator('#map-canvas').hover({ position: { x: box.width - 20, y: 60 } });
    await page.mouse.wheel(0, -400);
    await expect.poll(() => range(page)).not.toBe(whole);
    const zoomed = await range(page);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 150, box.y + 60, { steps: 3 });
    await page.mouse.up();
    await expect.poll(() => range(page)).not.toBe(zoomed);
    await page.locator('#map-canvas').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => range(page)).toBe(whole);
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('#map-tip').innerText()).toContain('preserved: ');

    await page.uncheck('input[value=warning]');
    expect(await page.locator('details.rule:visible').count()).toBe(0);
    await page.check('input[name=unpreserved]');
    expect(await page.locator('details.space:visible').count()).toBe(0);
    expect(offences).toEqual([]);
  });

  test.each(
    (
      [
        ['light', 390],
        ['dark', 1300],
      ] as const
    ).slice(sweep(0, 1)),
  )('no violation of accessibility: %s, %d pixels wide', async (colorScheme, width) => {
    const { page, offences } = await chromium.open(faulty, { colorScheme, viewport: { width, height: 800 } });
    await ask(page, '0x2223012');
    await page.evaluate(
      'for (const details of [...document.querySelectorAll("details")].slice(0, 25)) details.open = true',
    );
    // Of what is alike, a few are enough: axe-core takes its time with every element.
    await page.evaluate(`for (const alike of ['details.list', 'details.rule', '#ranges tr', '.space tr', '#skipped tr', '#coverage tr'])
      for (const more of [...document.querySelectorAll(alike)].slice(4)) more.remove();`);
    // Nothing is wider than the window but what scrolls on its own.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await violations(page)).toEqual([]);
    expect(offences).toEqual([]);
  });

  test.skipIf(byDay)('without scripts: the map, the findings and every record are there', async () => {
    const { page, offences } = await chromium.open(iommu, { javaScriptEnabled: false });
    expect(await page.locator('svg').isVisible()).toBe(true);
    expect(await page.locator('.search').isVisible()).toBe(false);
    await page.locator('#rule-FLB-005 > summary').click();
    expect(await page.locator('#finding-FLB-005-1').isVisible()).toBe(true);
    expect(offences).toEqual([]);
  });

  test.skipIf(byDay)(
    'a guest of 128 GiB with devices and 100,000 findings: a small page, its filters, a fluid map',
    async () => {
      const options = {
        abi: 'rfc-2024',
        domains: 2,
        guestRam: 128n << 30n,
        fragmentation: 0,
      } as const;
      const handover = decodeSynthesis(synthesise(planFromSeed(options)));
      const result = validate(handover, catalogue);
      const rules = ['KHO-008', 'KHO-009', 'MAP-002', 'DMAR-009'];
      const findings = Array.from(
        { length: FINDINGS },
        (_, i): Finding => ({
          rule: rules[i % rules.length] ?? '',
          severity: i % rules.length === 0 ? 'error' : 'warning',
          message: `the page at 0x${(0x100000 + i * 0x3000).toString(16)} is in no mem record`,
          location: { address: BigInt(0x100000 + i * 0x3000) },
        }),
      );
      const { page, offences } = await chromium.open(pageOf(handover, { ...result, findings }));
      expect(await page.locator('#spaces details.space').count()).toBe(2);
      await page.locator('#rule-KHO-008 p.more button').click();
      expect(await page.locator('#rule-KHO-008 ol.findings > li').count()).toBeGreaterThan(200);
      await page.selectOption('select[name=area]', 'MAP');
      expect(await page.locator('details.rule:visible').count()).toBe(1);
      expect(await ask(page, '0x112000')).toContain('the page at 0x112000 is in no mem record');
      expect(await timeOf(page, ['+', '+', '+', 'ArrowRight', 'ArrowRight', '-', 'Home'])).toBeLessThan(500);
      expect(offences).toEqual([]);
    },
  );

  test('hostile names are text in every place', async () => {
    const name = HOSTILE[1];
    const { page, offences } = await chromium.open(pageOf(hostileHandover(name)));
    expect(await ask(page, name.slice(0, 12))).toContain(name.slice(0, 12));
    await page.locator('#map-canvas').hover({ position: { x: 300, y: 60 } });
    expect(await page.locator('img, b, main script').count()).toBe(0);
    expect(offences).toEqual([]);
  });

  /** Drops files as a user does. */
  async function drop({ page }: Watched, files: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    const data = files.map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]);
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      for (const [name, base64] of ${JSON.stringify(data)}) {
        const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      return transfer;
    })()`);
    await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  }

  test('the viewer: a dropped core, packed, becomes its page; what is no dump is told', async () => {
    const watched = await chromium.openFile(viewer);
    const { page, offences } = watched;
    expect(await violations(page)).toEqual([]);
    await drop(watched, [['notes.txt', new TextEncoder().encode('no dump')]]);
    await expect
      .poll(() => page.locator('#viewer-status.error').innerText())
      .toContain('notes.txt: is not a dump');
    const path = join(fixtures, 'linux-6.18-handover/handover.elf.gz');
    await drop(watched, [['<img src=x>.gz', fileBytes(path)]]);
    await page.waitForSelector('h1 .verdict', { timeout: 60_000 });
    expect(await page.locator('h1').innerText()).toContain('<img src=x>.gz');
    expect(await page.locator('img').count()).toBe(0);
    expect(await ask(page, 'memblock')).toContain('child of the root tree');
    expect(await page.locator('#map-canvas').isVisible()).toBe(true);
    expect(offences).toEqual([]);
  });

  // By day the registers are left out: a second viewer takes as long as three pages.
  test.skipIf(byDay)(
    'the viewer: a blob with the core that has its memory, and memory with registers',
    async () => {
      const watched = await chromium.openFile(viewer);
      const { page, offences } = watched;
      const folder = join(fixtures, 'linux-6.18-handover');
      await drop(watched, [
        ['fdt', fileBytes(join(folder, 'debugfs-in/fdt'))],
        ['memory.gz', fileBytes(join(folder, 'handover.elf.gz'))],
      ]);
      await page.waitForSelector('h1 .verdict', { timeout: 60_000 });
      expect(await page.locator('#map-canvas').isVisible()).toBe(true);
      await page.reload();
      const vtd = join(fixtures, 'linux-7.3-scalable-mode/vtd');
      const regset = fileBytes(join(vtd, 'iommu_regset'));
      await page.locator('#viewer-settings summary').click();
      await page.fill('#viewer-haw', '99');
      await drop(watched, [['iommu_regset', regset]]);
      await expect.poll(() => page.locator('#viewer-status.error').innerText()).toContain('99');
      await page.fill('#viewer-haw', '39');
      await drop(watched, [
        ['before-kexec.elf.gz', fileBytes(join(vtd, 'before-kexec.elf.gz'))],
        ['iommu_regset', regset],
      ]);
      await page.waitForSelector('#spaces details.space', { timeout: 60_000, state: 'attached' });
      expect(await ask(page, '00:03.0@0')).toContain('00:03.0@0');
      expect(offences).toEqual([]);
    },
  );
});
