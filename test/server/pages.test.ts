import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SinkConfig } from '../../src/config/config.js';
import type { Outcome } from '../../src/core/failure.js';
import { eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import { sha256 } from '../../src/system.js';
import { KEPT_FOR_SINK, trialWords } from '../../src/views/suspension-words.js';
import { startDoor } from '../engine/door.js';
import { sinkThat, webhookTo } from '../engine/sinks.js';
import { axeFindings, seenIn, startBrowser, type TestBrowser } from '../support/browser.js';
import { configOf, openWorld, sourceOf, sourcePolled, type World } from '../support/notifier-stage.js';
import { type Served, startServed } from '../support/served.js';
import { describeWithTool } from '../support/tools.js';
import { until } from '../support/turn.js';

const HOSTILE = '"><img src=x onerror=document.title="pwned"><script>document.title="pwned"</script>';

/** One sink that works, one that refuses everything, one that is gone, one that is disabled; a source that fails. */
async function serveStory(world: World, url: string): Promise<Served> {
  const refusing = sinkThat('refusing', async () => ({
    kind: 'failed',
    reason: 'rejected_by_receiver',
    detail: 'HTTP 400',
  }));
  const gone = sinkThat('gone', async () => ({ kind: 'failed', reason: 'gone', detail: 'HTTP 410' }));
  const off = sinkThat('off', async () => ({ kind: 'delivered', receipt: '' }), {
    enabled: false,
    events: ['recording.stuck'],
    only: { rooms: ['hall-*'] },
  });
  const broken = sourceOf('broken', 'http://127.0.0.1:1/');
  const config = configOf([sourcePolled(world), broken], [webhookTo('hook', url), refusing, gone, off]);
  const served = await startServed(world, config);
  await served.program.notifier.pollAll();
  world.api.recordings.add({ uuid: 'hostile', roomId: HOSTILE, status: 'available' });
  world.api.recordings.setStatus('soon', 'available');
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  return served;
}

/** Three deliveries that are held, and one that is due. */
async function serveHeld(world: World, sink: SinkConfig): Promise<Served> {
  const config = { ...configOf([sourcePolled(world)], [sink]), floodLimit: 1 };
  const served = await startServed(world, config);
  await served.program.notifier.pollAll();
  for (const uuid of ['a', 'b', 'c', 'd']) world.api.recordings.add({ uuid, status: 'available' });
  await served.program.notifier.pollAll();
  await until(() => served.program.notifier.status().held.get('production') === 3);
  return served;
}

describeWithTool('chromium', 'the status page', () => {
  let browser: TestBrowser;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser.close());

  test('the overview says at a glance how everything stands, and what needs a person', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    const { page, problems } = opened;
    const text = (selector: string) => seenIn(page.locator(selector));
    expect(await page.title()).toMatch(/things need you/);
    const troubles = await text('#attention');
    for (const words of ['Source broken is failing', 'Sink gone is suspended', '2 deliveries to refusing given up'])
      expect(troubles).toContain(words);
    expect(await text('article:has(#source-production)')).toMatch(/working[\s\S]*Polls work\.[\s\S]*3 \(3 available/);
    expect(await text('article:has(#source-broken)')).toMatch(/failing[\s\S]*ECONNREFUSED/);
    expect(await text('article:has(#sink-hook)')).toMatch(/working[\s\S]*Delivered\s+2/);
    expect(await text('article:has(#sink-refusing)')).toMatch(/Dead\s+2[\s\S]*rejected_by_receiver: HTTP 400/);
    const suspended = `gone: HTTP 410. ${trialWords({ nextTrialAtMs: null })} ${KEPT_FOR_SINK}`;
    expect(await text('article:has(#sink-gone)')).toContain(suspended);
    expect(await text('article:has(#sink-off)')).toMatch(
      /disabled[\s\S]*Told of\s+recording\.stuck; only of room "hall-\*"/,
    );
    expect(await text('article:has(#sink-hook)')).not.toContain('Told of');
    expect(await page.locator('#latest tbody tr').count()).toBe(3);
    expect(problems).toEqual([]);
  });

  test('a reload that was refused stands first, with what is wrong, until one works', async () => {
    await using world = await openWorld();
    const config = configOf([sourcePolled(world)], []);
    await using served = await startServed(world, config);
    const { notifier } = served.program;
    await notifier.pollAll();
    await using opened = await browser.open(served.url);
    const { page, problems } = opened;
    const attention = page.locator('#attention');
    const lines = ['a.yaml:1:2: sinks: <b>is</b> missing', ...'bcdefg'];
    notifier.reloads.noteRefused(lines);
    await attention.getByText('The last reload was refused').waitFor();
    const text = await seenIn(attention);
    expect(text).toMatch(
      /^What needs you\s+The config\s+The last reload was refused at .*: 7 errors; the program goes on with the config of /,
    );
    for (const line of [...lines.slice(0, 5), '2 more: "check" has all of them.']) expect(text).toContain(line);
    expect(await attention.locator('b').count()).toBe(0);
    expect(await page.title()).toMatch(/One thing needs you/);
    await notifier.reload(config);
    await attention.getByText('The last reload was refused').waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  describe('for everybody', () => {
    let shown: AsyncDisposableStack;
    let served: Served;

    beforeAll(async () => {
      shown = new AsyncDisposableStack();
      const world = shown.use(await openWorld());
      const door = shown.use(await startDoor());
      served = shown.use(await serveStory(world, door.url));
    });

    afterAll(() => shown.disposeAsync());

    describe.each([
      { colorScheme: 'light', width: 1280 },
      { colorScheme: 'dark', width: 360 },
    ] as const)('$colorScheme, $width px wide', ({ colorScheme, width }) => {
      test.each([
        '/',
        '/recordings',
        '/deliveries',
        '/story?of=soon',
        '/story?of=nothing',
        '/confirm?do=discard&source=production&back=/',
      ])('%s: axe finds nothing, and nothing sticks out', async (path) => {
        const viewport = { width, height: 800 };
        await using opened = await browser.open(new URL(path, served.url).href, { colorScheme, viewport });
        expect(await axeFindings(opened.page)).toEqual([]);
        const { page } = opened;
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      });
    });
  });

  test('a room is text, whatever it is called', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    for (const path of ['/', '/recordings', '/recordings?q=%22%3E%3Cscript%3E', '/deliveries', '/story?of=hostile']) {
      await using opened = await browser.open(new URL(path, served.url).href);
      expect(await opened.page.title()).not.toContain('pwned');
      expect(await opened.page.locator('img').count()).toBe(0);
    }
    await using opened = await browser.open(`${served.url}story?of=hostile`);
    expect(await seenIn(opened.page.locator('main'))).toContain(HOSTILE);
  });

  test('a button polls at once, says what came of it, and the page it was on is there again', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    world.api.recordings.add({ uuid: 'brand-new', status: 'available' });
    await opened.page.getByRole('button', { name: 'Poll now source production' }).click();
    expect(await seenIn(opened.page.locator('.notice'))).toBe(
      'The poll of production is complete: 4 recordings, 1 new event.',
    );
    expect(await seenIn(opened.page.locator('#latest'))).toContain('brand-new');
  });

  test('what changes shows without a reload, and the focus stays where it is', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    const { page, problems } = opened;
    await page.evaluate('document.documentElement.dataset.loaded = "once"');
    const button = page.getByRole('button', { name: 'Poll now source production' });
    await button.focus();
    world.api.recordings.add({ uuid: 'brand-new', status: 'available' });
    await served.program.notifier.pollAll();
    await page.locator('#latest').getByText('brand-new').waitFor();
    expect(await page.locator('html').getAttribute('data-loaded')).toBe('once');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Poll now source production');
    expect(problems).toEqual([]);
  });

  test('a recording that nobody knows is said to be unknown, for as long as one looks', async () => {
    await using world = await openWorld();
    await using served = await startServed(world, configOf([sourcePolled(world)], []));
    await using opened = await browser.open(`${served.url}story?of=nobody`);
    const { page } = opened;
    const again = () => page.waitForResponse((answer) => answer.url().includes('/story'));
    await again();
    await again();
    await again();
    expect(await seenIn(page.locator('#connection'))).toBe('');
    expect(await seenIn(page.locator('h1'))).toBe('Nothing is known of nobody');
  });

  test('a notifier that is gone is said to be gone', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    const served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    await served[Symbol.asyncDispose]();
    await opened.page.locator('#connection').getByText('The notifier does not answer').waitFor();
  });

  test('a delivery is sent again from the list and from the story of its recording', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(`${served.url}deliveries?sink=hook&q=soon`);
    await opened.page.getByRole('button', { name: /^Deliver again/ }).click();
    expect(await seenIn(opened.page.locator('.notice'))).toBe(
      'hook: delivered (HTTP 204; a repeat: the sink had it already).',
    );
    await opened.page.getByRole('link', { name: 'soon' }).click();
    await opened.page.getByRole('button', { name: /^Deliver again to hook/ }).click();
    expect(await seenIn(opened.page.locator('.notice'))).toBe(
      'hook: delivered (HTTP 204; a repeat: the sink had it already).',
    );
    expect(
      new Map(
        Map.groupBy(door.messages, ({ id }) => id)
          .entries()
          .map(([id, all]) => [id, all.length]),
      ),
    ).toEqual(
      new Map([
        [expect.any(String), 1],
        [expect.any(String), 3],
      ]),
    );
  });

  test('what a sink does not take is delivered to another one', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(`${served.url}deliveries?sink=refusing&q=soon`);
    const { page } = opened;
    const before = door.messages.length;
    await page.getByRole('button', { name: /^Deliver to another sink/ }).click();
    expect(await page.getByLabel('Sink').locator('option').allTextContents()).toEqual(['choose one', 'hook', 'gone']);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Sink').selectOption('hook');
    await page.getByRole('button', { name: 'Deliver' }).click();
    expect(await seenIn(page.locator('.notice'))).toBe(
      'hook: delivered (HTTP 204; a repeat: the sink had it already).',
    );
    expect(await seenIn(page.locator('#list'))).toContain('No delivery fits.');
    expect(door.messages.length).toBe(before + 1);
  });

  test('one delivery is tried on a suspended sink', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    await opened.page.getByRole('button', { name: 'Try one now to gone' }).click();
    expect(await seenIn(opened.page.locator('.notice'))).toMatch(/^gone: not delivered yet/);
  });

  test.each([
    { label: 'Release', question: 'Release what is held of production?', want: '3 released.', arrive: 3 },
    { label: 'Discard', question: 'Discard what is held of production?', want: '3 discarded.', arrive: 0 },
  ])('what is held is asked about before it is decided: $label', async ({ label, question, want, arrive }) => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveHeld(world, webhookTo('hook', door.url));
    await using opened = await browser.open(served.url);
    const { page } = opened;
    await page.getByRole('button', { name: new RegExp(`^${label} what is held`) }).click();
    expect(await seenIn(page.locator('h1'))).toBe(question);
    expect(await seenIn(page.locator('main'))).toContain('3 deliveries are held.');
    await page.getByRole('link', { name: 'Back' }).click();
    expect(await seenIn(page.locator('#attention'))).toContain('3 deliveries of source production held');
    await page.getByRole('button', { name: new RegExp(`^${label} what is held`) }).click();
    await page.getByRole('button', { name: label }).click();
    expect(await seenIn(page.locator('.notice'))).toBe(want);
    expect(await seenIn(page.locator('#attention'))).not.toContain('held');
    expect(new URL(page.url()).pathname).toBe('/');
    await served.program.notifier.attemptDue();
    await until(() => door.messages.length === arrive + 1);
  });

  test('one that is held is sent from its story, and all of its source can be decided about there', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    const config = { ...configOf([sourcePolled(world)], [webhookTo('hook', door.url)]), floodLimit: 1 };
    await using served = await startServed(world, config);
    await served.program.notifier.pollAll();
    for (const uuid of ['a', 'b', 'c']) world.api.recordings.add({ uuid, status: 'available' });
    await served.program.notifier.pollAll();
    await until(() => served.program.notifier.status().held.get('production') === 2);
    const [held] = await heldUuids(served);
    await using opened = await browser.open(`${served.url}story?of=${held}`);
    const { page } = opened;
    await page.getByRole('button', { name: /^Send this one to hook/ }).click();
    expect(await seenIn(page.locator('.notice'))).toBe('hook: delivered (HTTP 204).');
    const [other] = await heldUuids(served);
    await page.goto(`${served.url}story?of=${other}`);
    await page.getByRole('button', { name: /^Discard all of production what is held/ }).click();
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await seenIn(page.locator('.notice'))).toBe('1 discarded.');
    expect(await seenIn(page.locator('.told'))).toMatch(/discarded by hand at [\s\S]*, not delivered/);
    expect(await seenIn(page.locator('.told .badge'))).toBe('discarded');
  });

  test('what somebody discarded is no failure, and can be delivered all the same', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveHeld(world, webhookTo('hook', door.url));
    await Array.fromAsync(served.program.notifier.carryOut({ kind: 'discard', source: null }));
    await using opened = await browser.open(served.url);
    const { page } = opened;
    expect(await seenIn(page.locator('h1'))).toBe('Everything works');
    expect(await seenIn(page.locator('article:has(#sink-hook)'))).toMatch(/Dead\s+0\s+Discarded\s+3/);
    await page.goto(`${served.url}deliveries?state=dead`);
    expect(await seenIn(page.locator('#list'))).toContain('No delivery fits.');
    await page.goto(`${served.url}deliveries?state=discarded`);
    const row = page.locator('tbody tr').first();
    expect(await seenIn(row)).toMatch(/^discarded[\s\S]*none: somebody discarded it/);
    expect(await page.locator('.badge.bad').count()).toBe(0);
    await row.getByRole('button', { name: /^Deliver again/ }).click();
    expect(await seenIn(page.locator('.notice'))).toBe('hook: delivered (HTTP 204).');
    expect(await page.locator('tbody tr').count()).toBe(2);
  });

  test('a sink and a source are paused and resumed', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
    await served.program.notifier.pollAll();
    await using opened = await browser.open(served.url);
    const { page } = opened;
    for (const [subject, id] of [
      ['sink hook', 'sink-hook'],
      ['source production', 'source-production'],
    ] as const) {
      await page.getByRole('button', { name: `Pause ${subject}` }).click();
      expect(await seenIn(page.locator(`#${id}`))).toContain('paused');
      await page
        .locator(`article:has(#${id})`)
        .getByRole('button', { name: `Resume ${subject}` })
        .click();
      expect(await seenIn(page.locator('.notice'))).toMatch(/goes on now\.$/);
      expect(await seenIn(page.locator(`#${id}`))).not.toContain('paused');
    }
  });

  test('what waits says why, and nobody is offered what a paused sink would refuse', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 500 });
    const config = configOf([sourcePolled(world)], [webhookTo('hook', door.url), webhookTo('still', door.url)]);
    await using served = await startServed(world, { ...config, floodLimit: 1 });
    const { notifier } = served.program;
    await Array.fromAsync(notifier.carryOut({ kind: 'pause', subject: 'sink', name: 'still' }));
    await notifier.pollAll();
    for (const uuid of ['a', 'b']) world.api.recordings.add({ uuid, status: 'available' });
    await notifier.pollAll();
    await notifier.attemptDue();
    await using opened = await browser.open(`${served.url}deliveries`);
    const { page } = opened;
    const rows = (sink: string) => page.locator('tbody tr').filter({ has: page.getByText(sink, { exact: true }) });
    const waits = async (sink: string) => (await rows(sink).allInnerTexts()).toSorted().join('\n');
    expect(await waits('hook')).toMatch(
      /^held[\s\S]*held by the flood limit: a person decides[\s\S]*attempt 2 of 11 \d/,
    );
    expect(await waits('still')).toMatch(/the sink is paused: it waits for resume/);
    expect(
      await rows('hook')
        .getByRole('button', { name: /^Try now/ })
        .count(),
    ).toBe(1);
    expect(await rows('still').getByRole('button').count()).toBe(0);
    await page.goto(served.url);
    await page.locator('#attention').getByRole('button', { name: 'Resume sink still' }).click();
    expect(await seenIn(page.locator('.notice'))).toBe('still goes on now.');
  });

  test('by keyboard alone: the content is one key away, and a button is pressed by Enter', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    const { page } = opened;
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('button', { name: 'Poll now source production' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.notice').waitFor();
  });

  test('by keyboard alone: sinks are two keys away, and after a button the focus is where it was', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveHeld(world, webhookTo('hook', door.url));
    await using opened = await browser.open(served.url);
    const { page } = opened;
    const focused = () => page.evaluate('document.activeElement.textContent');
    await page.getByRole('link', { name: 'To the sinks' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Sinks');
    for (const _ of ['Waiting', 'Held', 'Pause']) await page.keyboard.press('Tab');
    expect(await focused()).toBe('Pause sink hook');
    await page.keyboard.press('Enter');
    await page.locator('#said').getByText('hook is paused now.').waitFor({ state: 'attached' });
    expect(await focused()).toBe('Resume sink hook');
    await page.getByRole('button', { name: /^Release what is held/ }).press('Enter');
    await page.getByRole('button', { name: 'Release' }).press('Enter');
    expect(await seenIn(page.locator('.notice:focus'))).toBe('3 released.');
  });

  test('what a link of a number counts is said, and the focus stays on it when the number changes', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url);
    const { page } = opened;
    await page.getByRole('link', { name: '2 to hook: delivered' }).focus();
    world.api.recordings.add({ uuid: 'brand-new', status: 'available' });
    await served.program.notifier.pollAll();
    await served.program.notifier.attemptDue();
    await page.getByRole('link', { name: '3 to hook: delivered' }).waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('3 to hook: delivered');
  });

  test.each([true, false])(
    'a double press does it once, and shows what came of it; with a script: %s',
    async (javaScriptEnabled) => {
      await using world = await openWorld();
      await using door = await startDoor();
      await using served = await serveStory(world, door.url);
      await using opened = await browser.open(`${served.url}deliveries?sink=hook&q=soon`, { javaScriptEnabled });
      const before = door.messages.length;
      const button = opened.page.getByRole('button', { name: /^Deliver again/ });
      await button.dblclick();
      expect(await seenIn(opened.page.locator('.notice'))).toBe(
        'hook: delivered (HTTP 204; a repeat: the sink had it already).',
      );
      expect(door.messages.length).toBe(before + 1);
      const told = opened.page.url();
      await button.click();
      await opened.page.waitForURL((url) => url.href !== told);
      expect(door.messages.length).toBe(before + 2);
    },
  );

  test('without a script everything is there, and buttons work', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    await using opened = await browser.open(served.url, { javaScriptEnabled: false });
    await opened.page.getByRole('button', { name: 'Poll now source production' }).click();
    expect(await seenIn(opened.page.locator('.notice'))).toMatch(/^The poll of production is complete/);
    expect(await seenIn(opened.page.locator('#latest time').first())).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  });

  test('lists are searched, narrowed and paged', async () => {
    await using world = await openWorld();
    for (let n = 0; n < 60; n += 1)
      world.api.recordings.add({ uuid: `many-${n}`, roomId: `room ${n}`, status: 'available' });
    await using served = await startServed(world, configOf([sourcePolled(world)], []));
    await served.program.notifier.pollAll();
    await using opened = await browser.open(`${served.url}recordings`);
    const { page } = opened;
    expect(await seenIn(page.locator('.pager span'))).toBe('1–50 of 62');
    await page.getByRole('link', { name: 'Older' }).click();
    expect(await page.locator('tbody tr').count()).toBe(12);
    await page.getByRole('searchbox').fill('ROOM 17');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await seenIn(page.locator('tbody'))).toContain('many-17');
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('Status').selectOption('processing');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await seenIn(page.locator('tbody'))).toContain('soon');
  });

  test('a uuid is found as it was copied, and one with a wrong letter leads to those like it', async () => {
    await using world = await openWorld();
    const uuid = '0b6f4f5e-93a1-4c53-8f0e-2f9d6f1c7a11';
    world.api.recordings.add({ uuid, status: 'available' });
    await using served = await startServed(world, configOf([sourcePolled(world)], []));
    await served.program.notifier.pollAll();
    const eventId = eventIdOf(sha256, 'recording.available', 'production', uuid as RecordingUuid, 1);
    const copied = `%20${uuid.toUpperCase()}%20`;
    await using opened = await browser.open(`${served.url}recordings?q=${copied}`);
    const { page } = opened;
    expect(await seenIn(page.locator('tbody'))).toContain(uuid);
    await page.goto(`${served.url}story?of=${copied}`);
    expect(await seenIn(page.locator('h1'))).toBe(uuid);
    await page.goto(`${served.url}story?of=${eventId.toUpperCase()}`);
    expect(await seenIn(page.locator('h1'))).toBe(uuid);
    const mistyped = uuid.replace('7a11', '7a1l');
    for (const path of ['recordings?q=', 'deliveries?q=', 'story?of=']) {
      await page.goto(`${served.url}${path}${mistyped}`);
      expect(await seenIn(page.locator('main'))).toContain(`Did you mean ${uuid}?`);
    }
    await page.getByRole('link', { name: uuid }).click();
    expect(await seenIn(page.locator('h1'))).toBe(uuid);
  });

  test('another site can neither press a button nor show the page in a frame', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    const evil = await startEvilSite(served.url);
    try {
      const before = world.api.requests.length;
      await using opened = await browser.open(evil.url);
      await opened.page.getByRole('button').click();
      await opened.page.waitForURL(/\/act$/);
      expect(await seenIn(opened.page.locator('body'))).toContain('the request comes from a page of another site');
      expect(world.api.requests.length).toBe(before);
      await using framed = await browser.open(`${evil.url}frame`);
      const frame = framed.page.frames().find((each) => each.parentFrame() !== null);
      expect(await frame?.content()).not.toContain('recording-notifier');
    } finally {
      evil.server.close();
    }
  });

  test('a browser gets in by the token as its password', async () => {
    await using world = await openWorld();
    await using served = await startServed(world, configOf([sourcePolled(world)], []), 'open-sesame');
    const httpCredentials = { username: 'anybody', password: 'open-sesame' };
    await using opened = await browser.open(served.url, { httpCredentials });
    expect(await seenIn(opened.page.locator('h1'))).toBe('Everything works');
    expect(await opened.page.evaluate('getComputedStyle(document.body).maxWidth')).not.toBe('none');
  });
});

test.each([
  { name: 'without the key of the page', form: { do: 'poll', source: 'production' }, want: 'Press the button again.' },
  { name: 'with a wrong key', form: { do: 'poll', source: 'production', key: 'x' }, want: 'Press the button again.' },
])('a form $name does nothing', async ({ form, want }) => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const body = new URLSearchParams(form).toString();
  const answer = await served.post('/act', { 'content-type': 'application/x-www-form-urlencoded' }, body);
  expect(answer.status).toBe(303);
  expect(await (await served.get(answer.headers.get('location') ?? '')).text()).toContain(want);
  expect(world.api.requests).toHaveLength(0);
});

test.each([
  { back: '/deliveries?sink=a', want: '/deliveries?sink=a&told=' },
  { back: '//evil.example/x', want: '/?told=' },
  { back: '/\\evil.example/x', want: '/?told=' },
  { back: 'https://evil.example/', want: '/?told=' },
  { back: '/\n/evil.example', want: '/?told=' },
  { back: '/.//evil.example/x', want: '/?told=' },
  { back: '/a/..//evil.example/x', want: '/?told=' },
])('one comes back to a place of this server, whatever $back is', async ({ back, want }) => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const body = new URLSearchParams({ do: 'poll', source: 'production', back }).toString();
  const answer = await served.post('/act', { 'content-type': 'application/x-www-form-urlencoded' }, body);
  expect(answer.headers.get('location')?.startsWith(want)).toBe(true);
});

test.each(['/.//evil.example/x', '//evil.example', 'javascript:alert(1)'])(
  'the way back from a question leads here, whatever %s is',
  async (back) => {
    await using world = await openWorld();
    await using served = await startServed(world, configOf([sourcePolled(world)], []));
    const query = new URLSearchParams({ do: 'release', source: 'production', back });
    const html = await (await served.get(`/confirm?${query}`)).text();
    expect(html).toContain('class="button" href="/">Back');
    expect(html).not.toContain('evil');
  },
);

test.each([
  { fields: { do: 'pause-sink', sink: 'nobody' }, want: 'The config has no sink nobody.' },
  { fields: { do: 'pause-source', source: 'nobody' }, want: 'The config has no source nobody.' },
  { fields: { do: 'redeliver', id: 'evt_0123456789abcdef0123456789abcdef' }, want: 'There is no delivery evt_' },
])('a button does nothing to what is not there: $want', async ({ fields, want }) => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  expect(await press(served, fields)).toContain(want);
  expect(served.program.notifier.paused()).toEqual([]);
});

test('a button says in a sentence what has failed, and how many are tried again', async () => {
  await using world = await openWorld();
  let reason: 'rejected_by_receiver' | 'server_error' = 'rejected_by_receiver';
  const shaky = sinkThat('shaky', async () => ({ kind: 'failed', reason, detail: 'HTTP 400' }));
  const config = configOf([sourcePolled(world), sourceOf('broken', 'http://127.0.0.1:1/')], [shaky]);
  await using served = await startServed(world, config);
  const { notifier } = served.program;
  await notifier.pollAll();
  for (const uuid of ['a', 'b']) world.api.recordings.add({ uuid, status: 'available' });
  await notifier.pollAll();
  await notifier.attemptDue();
  reason = 'server_error';
  expect(await press(served, { do: 'redeliver-dead', sink: 'shaky' })).toContain(
    '2 not delivered yet, to be tried again.',
  );
  expect(await press(served, { do: 'poll', source: 'broken' })).toContain('The poll of broken has failed: ');
});

test('what is held of a source that is gone is not forgotten', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url)];
  await using served = await startServed(world, { ...configOf([sourcePolled(world)], sinks), floodLimit: 1 });
  await served.program.notifier.pollAll();
  for (const uuid of ['a', 'b', 'c']) world.api.recordings.add({ uuid, status: 'available' });
  await served.program.notifier.pollAll();
  await until(() => served.program.notifier.status().held.get('production') === 2);
  await served.program.notifier.reload(configOf([{ ...sourcePolled(world), name: 'renamed' }], sinks));
  const page = await (await served.get('/')).text();
  expect(page).toContain('2 deliveries of source production held');
  expect(await served.json('/api/status')).toMatchObject({
    sources: [{ name: 'renamed' }, { name: 'production', state: 'removed', type: null, held: 2 }],
  });
});

test('the story of what no poll has shown says what is in the way of polls', async () => {
  await using world = await openWorld();
  const config = configOf([sourcePolled(world), sourceOf('broken', 'http://127.0.0.1:1/')], []);
  await using served = await startServed(world, config);
  await served.program.notifier.pollAll();
  await served.program.notifier.pause('source', 'production');
  const answer = await served.get('/story?of=nobody');
  expect(answer.status).toBe(404);
  const html = await answer.text();
  expect(html).toMatch(/production is paused since .*<code>recording-notifier resume production .*<\/code>/);
  expect(html).toContain('The first poll of broken is not over.');
  expect(html).toMatch(/Polls of broken fail since .*: 127\.0\.0\.1:1: .*ECONNREFUSED/);
  expect(html).not.toContain('source broken:');
});

test('what is being tried says since when, and cannot be asked for meanwhile', async () => {
  await using world = await openWorld();
  const answer = Promise.withResolvers<{ kind: 'delivered'; receipt: string }>();
  const slow = sinkThat('slow', () => answer.promise);
  await using served = await startServed(world, configOf([sourcePolled(world)], [slow]));
  const { notifier } = served.program;
  await notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  await notifier.pollAll();
  const attempted = notifier.attemptDue();
  await until(() => notifier.status().lanes.some(({ inFlight }) => inFlight === 1));
  const during = await (await served.get('/story?of=soon')).text();
  expect(during).toContain('pending: an attempt is under way since');
  expect(during).not.toContain('<button');
  const list = await (await served.get('/deliveries')).text();
  expect(list).toContain('an attempt is under way since');
  expect(list).not.toContain('Try now');
  answer.resolve({ kind: 'delivered', receipt: 'ok' });
  await attempted;
  const after = await (await served.get('/story?of=soon')).text();
  expect(after).toContain('Deliver again');
  expect(after).not.toContain('under way');
});

test('what was given up is delivered again without what somebody discarded', async () => {
  await using world = await openWorld();
  let outcome: Outcome = { kind: 'failed', reason: 'rejected_by_receiver', detail: 'HTTP 400' };
  await using served = await serveHeld(
    world,
    sinkThat('own', async () => outcome),
  );
  await Array.fromAsync(served.program.notifier.carryOut({ kind: 'discard', source: null }));
  await served.program.notifier.attemptDue();
  outcome = { kind: 'delivered', receipt: 'yes' };
  expect(await served.json('/api/status')).toMatchObject({ sinks: [{ dead: 4, discarded: 3 }] });
  expect(await (await served.get('/')).text()).toContain('1 delivery to own given up');
  expect(await press(served, { do: 'redeliver-dead', sink: 'own' })).toContain('own: delivered (yes).');
  expect(await served.json('/api/status')).toMatchObject({ sinks: [{ dead: 3, discarded: 3, delivered: 1 }] });
});

test('a sink that works says of what failed before that it has its own time', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 500 });
  await using served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  const { notifier } = served.program;
  await notifier.pollAll();
  for (const [uuid, status] of [
    ['first', 500],
    ['second', 204],
  ] as const) {
    door.answer({ status });
    world.api.recordings.add({ uuid, status: 'available' });
    await notifier.pollAll();
    await notifier.attemptDue();
  }
  expect(await (await served.get('/')).text()).toContain('1 that failed before has its own time <time');
  const { sinks } = (await served.json('/api/status')) as { sinks: { nextAttemptAt: string }[] };
  expect(sinks).toMatchObject([{ state: 'working', waiting: 1, retrying: 1, lastRetryAt: sinks[0]?.nextAttemptAt }]);
});

test('a refusal is said once', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveHeld(world, webhookTo('hook', door.url));
  const { notifier } = served.program;
  await Array.fromAsync(notifier.carryOut({ kind: 'pause', subject: 'sink', name: 'hook' }));
  const { deliveries } = (await served.json('/api/deliveries?state=held')) as { deliveries: { id: string }[] };
  const page = await press(served, { do: 'redeliver', id: deliveries[0]?.id ?? '' });
  expect(page).toContain('>hook: not tried: somebody paused the sink; resume it first.<');
});

test('of two presses of one form, the second one joins the first; who has seen the answer presses anew', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  await served.program.notifier.pollAll();
  const before = world.api.requests.length;
  const poll = { do: 'poll', source: 'production' };
  const [first = '', second] = await Promise.all([press(served, poll), press(served, poll)]);
  for (const page of [first, second]) expect(page).toContain('The poll of production is complete');
  await press(served, poll);
  expect(world.api.requests.length).toBe(before + 1);
  const seen = /name="seen" value="([0-9a-f]+)"/.exec(first)?.[1] ?? '';
  await press(served, { ...poll, seen });
  expect(world.api.requests.length).toBe(before + 2);
});

/** The page that one comes back to after a button of the overview. */
async function press(served: Served, fields: Readonly<Record<string, string>>): Promise<string> {
  const page = await (await served.get('/')).text();
  const key = /name="key" value="([0-9a-f]+)"/.exec(page)?.[1] ?? '';
  const body = new URLSearchParams({ ...fields, key }).toString();
  const answer = await served.post('/act', { 'content-type': 'application/x-www-form-urlencoded' }, body);
  return (await served.get(answer.headers.get('location') ?? '')).text();
}

async function heldUuids(served: Served): Promise<readonly string[]> {
  const { deliveries } = (await served.json('/api/deliveries?state=held')) as { deliveries: { uuid: string }[] };
  return deliveries.map(({ uuid }) => uuid);
}

/** A page whose only button sends a form here, and one that shows us in a frame. */
async function startEvilSite(target: string): Promise<{ readonly url: string; readonly server: Server }> {
  const form = `<form method="post" action="${target}act"><input name="do" value="poll"><input name="source" value="production"><button>Win</button></form>`;
  const server = createServer((request, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(request.url === '/frame' ? `<iframe src="${target}"></iframe>` : form);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}/`, server };
}
