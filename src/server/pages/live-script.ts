/**
 * What runs in the browser: says how long ago times are, and puts the parts of the page that have changed in the place of those that
 * are there. Everything works without it. What one reads, has selected or is about to press is left alone, and the focus stays where
 * it was: also over the page that comes after a button, which says what came of it. A form goes once.
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

  const FOCUSABLE = 'a[href], button, input:not([type=hidden]), select, [tabindex]';

  /** How to find it again among what comes in its place. */
  function placeIn(part, element) {
    return { id: element.id, href: element.getAttribute('href'), index: [...part.querySelectorAll(FOCUSABLE)].indexOf(element) };
  }

  function focusAgain(part, { id, href, index }) {
    const all = [...part.querySelectorAll(FOCUSABLE)];
    const same = (id && document.getElementById(id)) || (href && all.find((each) => each.getAttribute('href') === href));
    (same || all[Math.min(index, all.length - 1)] || document.getElementById('main')).focus({ preventScroll: true });
  }

  function replace(part, next) {
    const focused = part.contains(document.activeElement) ? placeIn(part, document.activeElement) : null;
    const scrolled = [...part.querySelectorAll('.scroll')].map((each) => each.scrollLeft);
    part.replaceChildren(...next.childNodes);
    tell(part);
    part.querySelectorAll('.scroll').forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
    if (focused) focusAgain(part, focused);
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

  const PRESSED = 'pressed';
  const sent = new Set();

  function send(event) {
    const form = event.target;
    if (form.method !== 'post') return;
    const { id } = event.submitter || {};
    if (sent.has(id)) return event.preventDefault();
    sent.add(id);
    event.submitter?.setAttribute('aria-disabled', 'true');
    const script = document.createElement('input');
    Object.assign(script, { type: 'hidden', name: 'script', value: '1' });
    form.append(script);
    sessionStorage.setItem(PRESSED, JSON.stringify({ id, y: scrollY }));
  }

  /** What came of a button is told, to who cannot see it too, and the focus is where it was, or there if its button is gone. */
  function comeBack() {
    const told = document.getElementById('told');
    const pressed = JSON.parse(sessionStorage.getItem(PRESSED) || 'null');
    sessionStorage.removeItem(PRESSED);
    if (!told || !pressed) return;
    const button = document.getElementById(pressed.id);
    if (!button) return told.focus();
    scrollTo(0, pressed.y);
    button.focus();
    setTimeout(() => { document.getElementById('said').textContent = told.textContent; }, 50);
  }

  document.addEventListener('submit', send);
  // Kept by the browser as it was when one left it.
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    sent.clear();
    for (const each of document.querySelectorAll('[aria-disabled]')) each.removeAttribute('aria-disabled');
  });
  for (const part of document.querySelectorAll('[data-part]')) served.set(part.id, part.innerHTML);
  tell(document);
  comeBack();
  setInterval(() => tell(document), 1000);
  if ('live' in document.body.dataset) setTimeout(loop, EVERY_MS);
})();
`;
