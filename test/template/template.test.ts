import { FILTERS, TAGS } from '../../src/template/engine.js';
import { type Place, placeOfType } from '../../src/template/places.js';
import { parseTemplate, renderTemplate, TemplateError, type TemplateFlaw } from '../../src/template/template.js';
import { sampleEvent } from '../support/sample-event.js';

const ROOM = 'Lobby “é” <!channel>';

function render(source: string, place: Place = 'text', timezone = 'UTC'): string {
  return renderTemplate(parseTemplate(source, place), sampleEvent, timezone);
}

function flawOf(source: string, place: Place = 'text'): TemplateFlaw | undefined {
  try {
    render(source, place);
    return undefined;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.flaw;
  }
}

test.each<{ name: string; source: string; place?: Place; want: string }>([
  { name: 'plain text as it is', source: '{{ recording.roomId }}', want: ROOM },
  { name: 'Slack', source: '*<b>* {{ recording.roomId }}', place: 'mrkdwn', want: '*<b>* Lobby “é” &lt;!channel&gt;' },
  { name: 'HTML', source: '<b>{{ recording.roomId }}</b>', place: 'html', want: '<b>Lobby “é” &lt;!channel&gt;</b>' },
  {
    name: 'a form',
    source: 'room={{ source }}%20{{ title }}',
    place: 'form',
    want: 'room=production%20Recording%20available',
  },
  { name: 'nothing', source: '[{{ recording.meetingId }}]', want: '[]' },
  {
    name: 'what is kept by capture',
    source: '{% capture x %}<b>{{ recording.roomId }}</b>{% endcapture %}{{ x }}',
    place: 'html',
    want: '<b>Lobby “é” &lt;!channel&gt;</b>',
  },
  {
    name: 'what is kept by capture, and then changed',
    source: '{% capture x %}<{{ recording.roomId }}>{% endcapture %}{{ x | upcase }}',
    place: 'html',
    want: '&lt;LOBBY “É” &lt;!CHANNEL&gt;&gt;',
  },
  { name: 'what is asked for raw', source: '{{ recording.roomId | raw }}', place: 'html', want: ROOM },
  {
    name: 'JSON in HTML',
    source: '{{ recording.roomId | slice: 0, 5 | json }}',
    place: 'html',
    want: '&quot;Lobby&quot;',
  },
  {
    name: 'a value of JSON',
    source: '{"room": {{ source }}, "n": {{ occurrence }}, "m": {{ recording.meetingId }}}',
    place: 'json',
    want: '{"room": "production", "n": 1, "m": null}',
  },
  {
    name: 'the inside of a text of JSON',
    source: '{"text": "in {{ source }}, {{ recording.meetingId }}"}',
    place: 'json',
    want: '{"text": "in production, "}',
  },
  {
    name: 'after an escaped quote',
    source: '{"text": "\\"{{ source }}\\""}',
    place: 'json',
    want: '{"text": "\\"production\\""}',
  },
  { name: 'a list', source: '{{ "a,b" | split: "," }}', place: 'json', want: '["a","b"]' },
  { name: 'a value by the filter json', source: '{{ source | json }}', place: 'json', want: '"production"' },
  { name: 'JSON in a text of JSON', source: '"{{ source | json }}"', place: 'json', want: '"\\"production\\""' },
])('escapes: $name', ({ source, place, want }) => {
  expect(render(source, place)).toBe(want);
});

test.each([
  { source: '{{ recording.createdAt | date }}', want: '13 May 2024, 19:14 CEST' },
  { source: '{{ recording.createdAt | date: "%d.%m.%Y %H:%M" }}', want: '13.05.2024 19:14' },
  { source: '{{ "2024-12-01T00:30:00Z" | date: "%H:%M %z" }}', want: '01:30 +0100' },
  { source: '{{ "now" | date }}', want: 'now' },
  { source: '{{ recording.meetingId | date }}', want: '' },
  { source: '{{ 90000 | duration }}, {{ 1500000 | bytes }}', want: '1 minute 30 seconds, 1.5 MB' },
  { source: '{{ title }} in {{ took }}{{ sign }}', want: 'Recording available in 5 minutes 3 seconds' },
  { source: '{% if archive %}{{ archive.bytes }}{% else %}none{% endif %}', want: 'none' },
  { source: '{{ event | json | size | at_least: 200 | minus: 200 | at_most: 1 }}', want: '1' },
])('$source is $want', ({ source, want }) => {
  expect(render(source, 'text', 'Europe/Berlin')).toBe(want);
});

test.each([
  {
    name: 'a list without end',
    source: '{% for i in (1..100000000) %}x{% endfor %}',
    want: 'makes more than a template may',
  },
  {
    name: 'loops in loops',
    source: '{% for i in (1..3000) %}{% for j in (1..3000) %}{% endfor %}{% endfor %}',
    want: 'takes longer than a template may',
  },
  {
    name: 'a text that doubles',
    source: '{% assign a = "aaaa" %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}',
    want: 'makes more than a template may',
  },
  {
    name: 'a list that doubles',
    source: '{% assign a = (1..9) %}{% for i in (1..99) %}{% assign a = a | concat: a %}{% endfor %}',
    want: 'makes more than a template may',
  },
  {
    name: 'captures that double',
    source: '{% assign a = "aaaa" %}{% for i in (1..99) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}',
    want: 'makes more than a template may',
  },
  {
    name: 'a long text',
    source: '{% for i in (1..20000) %}{{ event | json }}{% endfor %}',
    want: 'makes more than a template may',
  },
  { name: 'a long source', source: 'x'.repeat(100_001), want: 'is too long' },
  {
    name: 'deep nesting',
    source: `${'{% if id %}'.repeat(4_000)}${'{% endif %}'.repeat(4_000)}`,
    want: 'is nested too deeply',
  },
])('ends with a clear error: $name', ({ source, want }) => {
  expect(flawOf(source)?.problem).toBe(want);
});

test.each([
  {
    name: 'files',
    source: '{% include "/etc/passwd" %}',
    want: { problem: 'has a tag that is not known', unknown: { word: 'include' } },
  },
  { name: 'files, rendered', source: '{% render "x" %}', want: { unknown: { word: 'render' } } },
  { name: 'files, as a layout', source: '{% layout "x" %}', want: { unknown: { word: 'layout' } } },
  { name: 'prototypes', source: '{{ id.constructor }}', want: { problem: 'names a variable that is not there' } },
  { name: 'the prototype of the variables', source: '{{ __proto__ }}{{ constructor }}', want: { about: '__proto__' } },
  {
    name: 'texts that run as code',
    source: '{{ deliveries | where_exp: "d", recording.roomId }}',
    want: { unknown: { word: 'where_exp' } },
  },
  {
    name: 'a value by its number',
    source: 'a\n \ufdd00\ufdd1',
    want: { line: 2, column: 2, problem: expect.stringMatching(/^holds U\+FDD0/) },
  },
  { name: 'a second escape', source: '{{ id | escape }}', want: { hint: expect.stringMatching(/^leave it out/) } },
  { name: 'another syntax', source: 'a\n{{ id', want: { line: 2, column: 1, about: 'output "{{ id" not closed' } },
])('lets nobody at $name', ({ source, want }) => {
  expect(flawOf(source)).toMatchObject(want);
});

test.each([
  { name: 'a bare text', source: '{"a": {{ recording.roomId | raw }}}' },
  { name: 'a backslash that would free a value', source: '{"a": "\\{{ recording.roomId }}"}' },
  { name: 'nothing', source: '{% if archive %}{}{% endif %}' },
])('renders to no JSON: $name', ({ source }) => {
  expect(flawOf(source, 'json')?.problem).toMatch(/^renders to no JSON/);
});

test.each<[string, Place]>([
  ['application/json', 'json'],
  ['application/vnd.example+json; charset=utf-8', 'json'],
  ['Text/HTML', 'html'],
  ['application/xml', 'html'],
  ['application/atom+xml', 'html'],
  ['application/x-www-form-urlencoded', 'form'],
  ['text/plain', 'text'],
  ['text/json-ish', 'text'],
])('%s is escaped as %s', (type, want) => {
  expect(placeOfType(type)).toBe(want);
});

test('every tag and filter that is documented is there', () => {
  const known = FILTERS.filter((name) => flawOf(`{{ "a" | ${name}: "a" }}`)?.unknown !== undefined);
  expect(known).toEqual([]);
  expect(TAGS).toHaveLength(new Set(TAGS).size);
});
