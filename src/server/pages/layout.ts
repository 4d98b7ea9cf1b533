import { html, raw } from 'hono/html';
import type { Html } from './parts.js';

export interface Page {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly at?: 'overview' | 'recordings' | 'deliveries';
  readonly body: Html | readonly Html[];
  /** What came of what somebody did just before. */
  readonly notice?: string | undefined;
  /** Parts that one wants to go to past what comes before them: where, and in words. */
  readonly skips?: readonly (readonly [href: string, text: string])[];
  /** Renewed while one looks at it. */
  readonly isLive?: true;
}

const NAVIGATION = [
  { at: 'overview', href: '/', text: 'Overview' },
  { at: 'recordings', href: '/recordings', text: 'Recordings' },
  { at: 'deliveries', href: '/deliveries', text: 'Deliveries' },
] as const;

/** A whole page. Everything that it needs comes from this server. */
export function layout({ title, at, body, notice, skips = [], isLive }: Page): Html {
  const entries = NAVIGATION.map(
    (entry) => html`<a href="${entry.href}"${entry.at === at ? html` aria-current="page"` : ''}>${entry.text}</a>`,
  );
  return html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · recording-notifier</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/live.js" defer></script>
</head>
<body${isLive ? html` data-live` : ''}>
<a class="skip" href="#main">To the content</a>
${skips.map(([href, text]) => html`<a class="skip" href="${href}">${text}</a>\n`)}<header><p class="name"><a href="/">recording-notifier</a></p><nav aria-label="Main">${entries}</nav></header>
<p id="connection" role="status"></p><p id="said" class="sr" role="status"></p>
<main id="main" tabindex="-1">
${notice === undefined ? '' : html`<p class="notice" id="told" role="status" tabindex="-1">${notice}</p>`}
${body}
</main>
</body>
</html>`;
}
