/**
 * What runs in the browser: says how long ago times are, and puts the parts of the page that have changed in the place of those that
 * are there. Everything works without it. What one reads, has selected or is about to press is left alone.
 */
export const LIVE_SCRIPT = `
'use strict';
(() => {
  const EVERY_MS = 2000;
  const EVERY_MS_MAX = 30000;
  const UNITS = [['day', 86400], ['hour', 3600], ['min', 60], ['s', 1]];
  const served = new Map();
  let tag = null;
  let failures = 0;
  let offsetMs = 0;

  function awayText(ms) {
    const seconds = Math.round(Math.abs(ms) / 1000);
    if (seconds < 1) return 'now';
    const [name, size] = UNITS.find(([, each]) => seconds >= 2 * each) || UNITS[3];
    const count = Math.floor(seconds / size);
    const text = count + ' ' + name + (count > 1 && size > 60 ? 's' : '');
    return ms > 0 ? 'in ' + text : text + ' ago';
  }

  function tell(root) {
    const now = Date.now() + offsetMs;
    for (const time of root.querySelectorAll('time')) {
      if (!time.title) time.title = time.textContent;
      const isSince = time.parentElement.dataset.since !== undefined;
      const away = awayText(Date.parse(time.dateTime) - now);
      const isBoth = time.parentElement.dataset.both !== undefined;
      const text = isSince ? away.replace(' ago', '') : isBoth ? time.title + ' (' + away + ')' : away;
      if (isSince) time.previousSibling.textContent = text === 'now' ? 'since ' : 'for ';
      if (time.textContent !== text) time.textContent = text;
    }
  }

  function isBusy(part) {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && part.contains(selection.anchorNode)) return true;
    return part.matches(':active') || part.querySelector(':active') !== null;
  }

  function replace(part, next) {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : '';
    const scrolled = [...part.querySelectorAll('.scroll')].map((each) => each.scrollLeft);
    part.replaceChildren(...next.childNodes);
    tell(part);
    part.querySelectorAll('.scroll').forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    part.classList.remove('changed');
    void part.offsetWidth;
    part.classList.add('changed');
  }

  async function renew() {
    const answer = await fetch(location.href, {
      headers: tag ? { 'If-None-Match': tag, Accept: 'text/html' } : { Accept: 'text/html' },
      cache: 'no-store',
      signal: AbortSignal.timeout(20000),
    });
    const date = Date.parse(answer.headers.get('date') || '');
    if (Number.isFinite(date) && Math.abs(date - Date.now()) > 5000) offsetMs = date - Date.now();
    if (answer.status === 304) return;
    if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    let isWhole = true;
    const heading = document.querySelector('h1');
    const nextHeading = next.querySelector('main > h1');
    if (heading && nextHeading && heading.parentElement.id === 'main' && heading.textContent !== nextHeading.textContent) heading.textContent = nextHeading.textContent;
    document.title = next.title;
    for (const part of document.querySelectorAll('[data-part]')) {
      const renewed = next.getElementById(part.id);
      if (!renewed || served.get(part.id) === renewed.innerHTML) continue;
      if (isBusy(part)) { isWhole = false; continue; }
      served.set(part.id, renewed.innerHTML);
      replace(part, renewed);
    }
    tag = isWhole ? answer.headers.get('etag') : null;
  }

  async function loop() {
    const connection = document.getElementById('connection');
    if (!document.hidden) {
      try {
        await renew();
        failures = 0;
        if (connection.textContent) connection.textContent = '';
      } catch (error) {
        failures += 1;
        const text = error.message === '401' ? 'The token is not the one it was: load the page again.' : 'The notifier does not answer. What you see is from before; trying again.';
        if (failures > 1 && connection.textContent !== text) connection.textContent = text;
      }
    }
    setTimeout(loop, Math.min(EVERY_MS * 2 ** failures, EVERY_MS_MAX));
  }

  for (const part of document.querySelectorAll('[data-part]')) served.set(part.id, part.innerHTML);
  tell(document);
  setInterval(() => tell(document), 1000);
  if ('live' in document.body.dataset) setTimeout(loop, EVERY_MS);
})();
`;
