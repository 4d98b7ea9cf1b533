import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** For what a test waits for in vain. */
const WAIT_MS_MAX = 20_000;

/** A real Chromium, for a file of tests. */
export interface TestBrowser {
  /** A page that notes what goes wrong in it. */
  open(url: string, options?: BrowserContextOptions): Promise<TestPage>;
  close(): Promise<void>;
}

export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, and what the Content-Security-Policy kept from happening. */
  readonly problems: readonly string[];
}

export async function startBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  return {
    open: async (url, options = {}) => {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(WAIT_MS_MAX);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      await page.goto(url);
      return { page, problems, [Symbol.asyncDispose]: () => context.close() };
    },
    close: () => browser.close(),
  };
}

/** The text that a person sees there, which is less than what the document holds. */
export function seenIn(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: textContent would also have what is hidden.
  return locator.innerText();
}

/** What axe finds, in words; the rules of WCAG and those of good practice. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Not by a script tag, which the Content-Security-Policy keeps out.
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
    };
    return (await axe.run()).violations;
  });
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
