import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import type { RecordingEvent } from '../../src/core/event.js';
import type { RecordingUuid } from '../../src/core/id.js';
import { messageOf } from '../../src/sinks/email-message.js';
import { withTemplate } from '../../src/sinks/email-template.js';
import { type Place, placeOfType } from '../../src/template/places.js';
import { parseTemplate, renderTemplate } from '../../src/template/template.js';
import { sampleEvent } from '../support/sample-event.js';

/** Names that are made to break out, and any others. */
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'"\\{}[]<>&\'|%\r\n\u2028\ufdd0\ufdd1\ud800*_~`:,0'), maxLength: 20 }),
  fc.constantFrom(
    '{{ id }}',
    '{% raw %}',
    '</b><script>',
    '<!channel>',
    '","admin":true,"x":"',
    '\ufdd00\ufdd1',
    '-->',
    '\r\nBcc: x@example.com',
  ),
);

function eventOf(roomId: string, url = 'https://files.example/a'): RecordingEvent {
  const { data } = sampleEvent;
  const recording = { ...data.recording, roomId, meetingId: roomId, uuid: roomId as RecordingUuid, url };
  return { ...sampleEvent, data: { ...data, recording } };
}

function render(source: string, place: Place, event: RecordingEvent): string {
  return renderTemplate(parseTemplate(source, place), event, 'UTC');
}

const BODY = `{% capture both %}{{ recording.roomId }}/{{ recording.meetingId }}{% endcapture %}
{"text": "in {{ recording.roomId }}.", "value": {{ recording.roomId }}, {{ recording.roomId }}: 1, "both": "{{ both }}",
 "up": "{{ both | append: recording.roomId }}", "all": {{ event | json }}, "inside": "{{ recording | json }}"}`;

test('JSON says the name, whatever it is, and nothing else', () => {
  fc.assert(
    fc.property(name, (room) => {
      const event = eventOf(room);
      const body = JSON.parse(render(BODY, 'json', event));
      const same = JSON.parse(JSON.stringify(room));
      const keys = ['text', 'value', 'both', 'up', 'all', 'inside'];
      expect(new Set(Object.keys(body))).toEqual(new Set([...keys, room]));
      if (keys.includes(room)) return;
      expect(body).toMatchObject({
        text: `in ${same}.`,
        value: same,
        both: `${same}/${same}`,
        up: `${same}/${same}${same}`,
      });
      expect(body.all).toEqual(JSON.parse(JSON.stringify(event)));
      expect(JSON.parse(body.inside)).toEqual(JSON.parse(JSON.stringify(event.data.recording)));
    }),
  );
});

const MARKUP =
  '{% capture x %}{{ recording.roomId }}{% endcapture %}<b title="{{ recording.roomId }}">{{ x }}{{ x | upcase }}{{ recording | json }}</b>';

test('HTML and Slack: a name opens and closes nothing', () => {
  fc.assert(
    fc.property(name, (room) => {
      const html = render(MARKUP, 'html', eventOf(room));
      expect(html.match(/[<>"']/g)?.join('')).toBe('<"">' + '<>');
      expect(html.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      const slack = render(
        '<https://example.com|{{ recording.roomId }}>{{ recording.uuid | upcase }}',
        'mrkdwn',
        eventOf(room),
      );
      expect(slack.match(/[<>\r\n]/g)?.join('')).toBe('<>');
      expect(render('a={{ recording.roomId }}', 'form', eventOf(room))).toMatch(/^a=[\w.!~*'()%-]*$/);
    }),
  );
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'x'])(
  'a URL that is none is not put where people click: %s',
  (url) => {
    for (const place of ['html', 'mrkdwn', 'text'] as const)
      expect(render('{{ recording.url }}', place, eventOf('a', url))).toBe('');
    expect(render('{{ recording.url }}', 'json', eventOf('a', url))).toBe(JSON.stringify(url));
  },
);

test('in Slack a bar does not end an address', () => {
  expect(render('<{{ recording.url }}|Watch>', 'mrkdwn', eventOf('a', 'https://files.example/a|b?c=1&d'))).toBe(
    '<https://files.example/a%7Cb?c=1&amp;d|Watch>',
  );
});

test('a mail: a name adds no header, and the subject is one line', async () => {
  const from = { name: '', address: 'a@example.com' };
  const template = {
    subject: '{{ recording.roomId }}\nof {{ source }}',
    text: '{{ recording.roomId }}',
    html: '<p>{{ recording.roomId }}</p>',
  };
  await fc.assert(
    fc.asyncProperty(name, async (room) => {
      const standard = messageOf(eventOf(room), 'mail', { from, to: [from] }, 0);
      const { message, hasFailed } = withTemplate(standard, { template }, eventOf(room), 'UTC');
      const transport = createTransport({ streamTransport: true, buffer: true });
      const sent = await transport.sendMail(message);
      const mail = await simpleParser(sent.message as Buffer);
      expect(hasFailed).toBe(false);
      expect(mail.subject).toMatch(/^[^\r\n]*of production$/);
      expect([...mail.headers.keys()]).not.toContain('bcc');
    }),
    { numRuns: 30 },
  );
});

test.each([
  { type: 'application/json', want: 'json' },
  { type: 'text/json; charset=utf-8', want: 'json' },
  { type: 'application/vnd.api+json', want: 'json' },
  { type: 'application/x-ndjson', want: 'json lines' },
  { type: 'application/jsonl', want: 'json lines' },
  { type: 'text/xml', want: 'html' },
  { type: 'image/svg+xml', want: 'html' },
  { type: 'application/xhtml+xml', want: 'html' },
  { type: 'TEXT/HTML', want: 'html' },
  { type: 'application/x-www-form-urlencoded', want: 'form' },
  { type: 'text/plain', want: 'text' },
  { type: 'text/csv', want: 'text' },
])('a body of $type is escaped as $want', ({ type, want }) => {
  expect(placeOfType(type)).toBe(want);
});

test('JSON lines: a value of JSON a line, from which no name breaks out', () => {
  const source = '{"a":"{{ recording.roomId }}"}\n{"b":{{ recording.roomId }}}\n';
  const room = 'x","evil":"1';
  const lines = render(source, 'json lines', eventOf(room)).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ a: room }, { b: room }]);
  expect(() => render('{"a":1}\n{', 'json lines', eventOf('x'))).toThrow('renders to no JSON');
});

test.each(['json', 'form'] as const)('%s: values count for the length of what is made', (place) => {
  const source = '{% for n in (1..300) %}"{{ recording.roomId }}"{% endfor %}';
  expect(() => render(source, place, eventOf('x'.repeat(10_000)))).toThrow('more than a million characters');
});

test.each(['marked', 'constructor', 'constructor.name', 'valueOf', 'toString', 'hasOwnProperty', '__proto__'])(
  'a captured text, and one of JSON, has no member: %s',
  (member) => {
    const captured = `{% capture both %}{{ recording.roomId }}{% endcapture %}{{ both.${member} }}|{{ both }}`;
    const json = `{% assign both = recording | json %}{{ both.${member} }}`;
    for (const source of [captured, json])
      expect(() => render(source, 'text', eventOf('a'))).toThrow('names a variable that is not there');
  },
);

test('a captured text has the length of a text', () => {
  const source = '{% capture both %}{{ recording.roomId }}{% endcapture %}{{ both.size }}';
  expect(render(source, 'text', eventOf('four'))).toBe('4');
});
