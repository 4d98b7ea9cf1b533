import { type SlackPayload, slackHtml, slackLines } from '../../src/fake/slack-preview.js';
import { slackDigest } from '../../src/sinks/slack-digest.js';
import { plainSlackMessage, slackMessage } from '../../src/sinks/slack-message.js';
import { sampleDigest, sampleEvent } from '../support/sample-event.js';

const { data } = sampleEvent;
const HOSTILE = '<!channel> & <b>"\r\nBcc: <https://evil.example|Watch> *x*';
const event = {
  ...sampleEvent,
  data: { ...data, recording: { ...data.recording, roomId: HOSTILE, url: 'https://files.example/a?b=1&c=*2*' } },
};
const withBlocks = slackMessage(event) as SlackPayload;
const inPlainText = plainSlackMessage(event) as SlackPayload;

test.each([
  { name: 'blocks', payload: withBlocks },
  { name: 'plain text', payload: inPlainText },
])('a page of $name has one link, and nothing of a hostile room but its letters', ({ payload }) => {
  const page = slackHtml(payload);
  expect(page.match(/<a [^>]*>[^<]*<\/a>/g)).toEqual([
    expect.stringMatching(/^<a (class="button" )?href="https:\/\/files\.example\/a\?b=1&amp;c=\*2\*">Watch<\/a>$/),
  ]);
  expect(page).toContain('&lt;!channel&gt; &amp; &lt;b&gt;&quot; Bcc: &lt;https://evil.example|Watch&gt;');
  expect(page).not.toMatch(/<!channel|<!date|<b>"/);
});

test('a page of plain text keeps its lines, and only its title is bold', () => {
  const page = slackHtml(plainSlackMessage(sampleEvent) as SlackPayload);
  expect(page).toContain('<p class="text"><b>Recording available</b>\nRoom: ');
  expect(page.match(/<b>/g)).toHaveLength(1);
});

test.each([
  { name: 'blocks', payload: withBlocks },
  { name: 'plain text', payload: inPlainText },
])('in a terminal, $name shows the room as it is called and the link as a button', ({ payload }) => {
  const lines = slackLines(payload);
  expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
  const text = lines.join('\n');
  expect(text).toContain('Room: <!channel> & <b>" Bcc: <https://evil.example|Watch>');
  expect(text).toContain('\n[ Watch ]\n');
  expect(text).not.toContain('files.example');
});

test('a section with a text is no header', () => {
  const section = { type: 'section', text: { text: 'a <https://a.example/?b&amp;c|link> &lt;here&gt;' } };
  const page = slackHtml({ text: '', blocks: [{ type: 'header', text: { text: 'T & *t*' } }, section] });
  expect(page).toContain('<h1>T &amp; *t*</h1>');
  expect(page).toContain('<p class="text">a <a href="https://a.example/?b&amp;c">link</a> &lt;here&gt;</p>');
});

test('a digest: each event with its own button', () => {
  const digest = slackDigest(sampleDigest) as SlackPayload;
  expect(slackHtml(digest).match(/class="button" href="https:/g)).toHaveLength(1);
  expect(slackLines(digest)).toEqual(expect.arrayContaining(['3 recordings are available', '[ Watch ]', 'standup']));
});
