import fc from 'fast-check';
import { teamsMessage } from '../../src/sinks/teams-message.js';
import { teamsProblem } from '../support/fake-teams.js';
import { hostileEvent } from '../support/hostile-event.js';
import { sampleEvent } from '../support/sample-event.js';

const { data } = sampleEvent;
const text = (words: string) => ({ type: 'TextRun', text: words });
const fact = (label: string, value: string) => ({
  type: 'RichTextBlock',
  spacing: 'Small',
  inlines: [{ ...text(`${label} `), weight: 'Bolder' }, text(value)],
});
const date = (words: string) => ({ type: 'TextBlock', text: words, wrap: true, spacing: 'Small' });

function cardOf(event: Parameters<typeof teamsMessage>[0], timezone?: string) {
  return teamsMessage(event, timezone).attachments[0].content;
}

test('a message says what, where, when, how to watch it, and until when', () => {
  expect(teamsMessage(sampleEvent)).toEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: 'Recording available',
          body: [
            { type: 'RichTextBlock', inlines: [{ ...text('Recording available'), size: 'Large', weight: 'Bolder' }] },
            fact('Room', 'Lobby “é” <!channel>'),
            date('**Recorded** {{DATE(2024-05-13T17:14:00Z, SHORT)}} {{TIME(2024-05-13T17:14:00Z)}}'),
            fact('Available after', '5 minutes 3 seconds'),
            fact('Source', 'production'),
            date('**The link works until** {{DATE(2024-05-14T17:00:00Z, SHORT)}} {{TIME(2024-05-14T17:00:00Z)}}'),
            {
              type: 'RichTextBlock',
              inlines: [
                {
                  ...text('Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c'),
                  size: 'Small',
                  isSubtle: true,
                },
              ],
            },
          ],
          actions: [
            { type: 'Action.OpenUrl', title: 'Watch', url: 'https://files.example/7b0f3e9c?signature=presigned' },
          ],
        },
      },
    ],
  });
});

test('without a link there is no button and no word about it', () => {
  const card = cardOf({ ...sampleEvent, data: { ...data, recording: { ...data.recording, url: null } } });
  expect(card).not.toHaveProperty('actions');
  expect(JSON.stringify(card)).not.toMatch(/Watch|link works/);
});

test('an event for operators has a look of its own', () => {
  const { id, timestamp } = sampleEvent;
  const about = { sink: 'hook', reason: 'gone', message: 'HTTP 410', since: timestamp, waiting: 3 };
  const { body } = cardOf({ id, timestamp, type: 'sink.failing', source: null, data: about }, 'Europe/Berlin');
  expect(body).toEqual([
    {
      type: 'RichTextBlock',
      inlines: [{ ...text('🔴 Sink hook is failing'), size: 'Large', weight: 'Bolder', color: 'Attention' }],
    },
    { type: 'RichTextBlock', inlines: [text('HTTP 410')] },
    fact('Reason', 'gone'),
    fact('Since', '13 May 2024, 19:19 CEST'),
    fact('Waiting', '3'),
    { type: 'RichTextBlock', inlines: [{ ...text(`Event ${id}`), size: 'Small', isSubtle: true }] },
  ]);
});

const OUR_DATE = /^\*\*[\w ]+\*\* \{\{DATE\([\d:TZ-]+, SHORT\)\}\} \{\{TIME\([\d:TZ-]+\)\}\}$/;

test('the limit of Teams holds for any event, and nothing in it is Markdown or a date but our own', () => {
  fc.assert(
    fc.property(hostileEvent, (event) => {
      expect(teamsProblem(teamsMessage(event))).toBeUndefined();
      for (const block of cardOf(event).body) {
        if (block.type === 'TextBlock') expect(block.text).toMatch(OUR_DATE);
        else for (const each of block.inlines) expect(each.text).not.toContain('{{');
      }
    }),
  );
});

test('braces in a row are no date', () => {
  const recording = { ...data.recording, roomId: '{{{DATE(2024-05-13T17:14:00Z)}}}' };
  const card = cardOf({ ...sampleEvent, data: { ...data, recording } });
  expect(card.body[1]).toEqual(fact('Room', '{ { {DATE(2024-05-13T17:14:00Z)}}}'));
});
