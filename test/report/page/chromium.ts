/** A headless Chromium with pages that are files, watched for what must not happen. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where the machine has one; CI must. */
export const executable = PLACES.find((path) => path !== '' && existsSync(path));

/** A page in sight, and what it did that it must not: requests, errors, dialogs. */
export interface Watched {
  readonly page: Page;
  readonly offences: readonly string[];
}

export interface Chromium {
  /** Writes HTML into a file and opens it. */
  open(html: string, options?: BrowserContextOptions, hash?: string): Promise<Watched>;
  /** Opens a file. */
  openFile(path: string, options?: BrowserContextOptions): Promise<Watched>;
  /** Closes what was opened: a page goes on painting. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the browser. */
export async function startChromium(): Promise<Chromium> {
  const browser: Browser = await chromium.launch({
    ...(executable === undefined ? {} : { executablePath: executable }),
    args: ['--no-sandbox'],
  });
  const folder = mkdtempSync(join(tmpdir(), 'kho-page-'));
  let count = 0;

  async function openUrl(url: string, options: BrowserContextOptions = {}): Promise<Watched> {
    const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, ...options });
    const page = await context.newPage();
    const offences: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url.replace(/#.*/, '') && !request.url().startsWith('blob:'))
        offences.push(`request ${request.url()}`);
    });
    page.on('console', (message) => offences.push(`console ${message.text()}`));
    page.on('pageerror', (error) => offences.push(`error ${error.message}`));
    page.on('dialog', (dialog) => {
      offences.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, offences };
  }

  return {
    open(html, options, hash = '') {
      const path = join(folder, `${count++}.html`);
      writeFileSync(path, html);
      return openUrl(`${pathToFileURL(path).href}${hash}`, options);
    },
    openFile: (path, options) => openUrl(pathToFileURL(path).href, options),
    async closePages() {
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true });
    },
  };
}
