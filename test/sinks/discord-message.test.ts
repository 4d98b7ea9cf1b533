import fc from 'fast-check';
import { isRecordingEvent, type NotifierEvent } from '../../src/core/event.js';
import type { EventId } from '../../src/core/id.js';
import { discordMessage, plainDiscordMessage } from '../../src/sinks/discord-message.js';
import { discordProblem } from '../support/fake-discord.js';
import { hostileEvent } from '../support/hostile-event.js';
import { sampleEvent } from '../support/sample-event.js';

test('a message says what, where, when, how to watch it, and until when', () => {
  expect(discordMessage(sampleEvent)).toEqual({
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: 'Recording available',
        description:
          '[Watch](https://files.example/7b0f3e9c?signature=presigned)\nThe link works until <t:1715706000:f>',
        color: 0x1f5fbf,
        fields: [
          { name: 'Room', value: 'Lobby “é” \\<!channel\\>', inline: true },
          { name: 'Recorded', value: '<t:1715620440:f>', inline: true },
          { name: 'Available after', value: '5 minutes 3 seconds', inline: true },
          { name: 'Source', value: 'production', inline: true },
        ],
        footer: { text: 'Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c' },
      },
    ],
  });
});

test('the plain text says the same', () => {
  expect(plainDiscordMessage(sampleEvent).content?.split('\n')).toEqual([
    '**Recording available**',
    'Room: Lobby “é” \\<!channel\\>',
    'Recorded: <t:1715620440:f>',
    'Available after: 5 minutes 3 seconds',
    'Source: production',
    '[Watch](https://files.example/7b0f3e9c?signature=presigned)',
    'The link works until <t:1715706000:f>',
    'Event evt\\_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c',
  ]);
});

test('without a link there is no word about it', () => {
  const { data } = sampleEvent;
  const event = { ...sampleEvent, data: { ...data, recording: { ...data.recording, url: null } } };
  expect(JSON.stringify([discordMessage(event), plainDiscordMessage(event)])).not.toMatch(/Watch|link works/);
});

test('an event for operators has a look of its own', () => {
  const event: NotifierEvent = {
    id: 'evt_0b5c' as EventId,
    type: 'source.failing',
    timestamp: '2024-05-13T17:19:04.120Z',
    source: 'my_source_1',
    data: { reason: 'http_401', message: 'HTTP 401 from api.example', since: '2024-05-13T17:19:04.120Z' },
  };
  expect(discordMessage(event).embeds).toEqual([
    {
      title: '🔴 Source my_source_1 is failing',
      description: 'HTTP 401 from api.example',
      color: 0xd93025,
      fields: [
        { name: 'Reason', value: 'http\\_401', inline: true },
        { name: 'Since', value: '13 May 2024, 17\\:19 UTC', inline: true },
      ],
      footer: { text: 'Event evt_0b5c' },
    },
  ]);
});

const OUR_OWN = /^\*\*|\*\*$|<t:\d+:f>|\[Watch\]\(https?:\/\/[^\s()]*\)/gm;

test('every limit of Discord holds for any event, and nothing in it is markup but our own', () => {
  fc.assert(
    fc.property(hostileEvent, (event) => {
      for (const message of [discordMessage(event), plainDiscordMessage(event)]) {
        expect(discordProblem(message)).toBeUndefined();
        const embeds = message.embeds ?? [];
        const marked = embeds.flatMap(({ description = '', fields }) => [
          description,
          ...fields.map(({ value }) => value),
        ]);
        // The labels of plain lines end with a colon, in front of a space.
        for (const text of [...marked, ...(message.content ?? '').replaceAll(/(?<!\\): /g, ' ').split('\n')]) {
          expect(text.replaceAll(OUR_OWN, '').replaceAll(/\\[^A-Za-z0-9\s]/g, '')).not.toMatch(/[\\*_~`|<>[\]()#@:]/);
        }
      }
    }),
  );
});

test('nothing that is not ours is in a title, where a backslash might be shown', () => {
  fc.assert(
    fc.property(hostileEvent, (event) => {
      fc.pre(isRecordingEvent(event));
      expect(discordMessage(event).embeds?.[0]?.title).toMatch(/^Recording [a-z ]+$/);
    }),
  );
});
