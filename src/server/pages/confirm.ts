import { html } from 'hono/html';
import { button, type Choice, type Deed, type FormPlace, type Html } from './parts.js';

export interface Question {
  readonly title: string;
  readonly words: string;
  readonly deed: Deed;
  /** What one has to choose before. */
  readonly choice?: Choice;
}

/** Asked before what cannot be taken back. */
export function confirmPage({ title, words, deed, choice }: Question, place: FormPlace): readonly Html[] {
  return [
    html`<h1>${title}</h1><p>${words}</p>`,
    html`<div class="deeds">${button(deed, place, choice)}<a class="button" href="${place.back}">Back</a></div>`,
  ];
}
