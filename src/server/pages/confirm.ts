import { html } from 'hono/html';
import { button, type Deed, type FormPlace, type Html } from './parts.js';

export interface Question {
  readonly title: string;
  readonly words: string;
  readonly deed: Deed;
}

/** Asked before what cannot be taken back. */
export function confirmPage({ title, words, deed }: Question, place: FormPlace): readonly Html[] {
  return [
    html`<h1>${title}</h1><p>${words}</p>`,
    html`<div class="deeds">${button(deed, place)}<a class="button" href="${place.back}">Back</a></div>`,
  ];
}
