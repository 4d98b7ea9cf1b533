import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { startReceiver } from '../../src/fake/receiver.js';
import { createHttpClient } from '../../src/http/client.js';
import { webhook } from '../../src/sinks/webhook.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';

/** What others make of what our own sink sends. */

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';

async function receive(written: object) {
  const receiver = await startReceiver({ clock: realClock });
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  await webhook.deliver(sampleEvent, {
    ...{ name: 'hook', progress: null, http, clock: realClock, timeoutMs: 20_000, print: async () => undefined },
    settings: webhook.settings.parse({ url: receiver.url, secret: [OLD_SECRET, PRIVATE_KEY, SECRET], ...written }),
    signal: new AbortController().signal,
  });
  const [message] = await receiver.waitFor(1);
  await http.close();
  await receiver.close();
  if (message === undefined) throw new Error('nothing came');
  return message;
}

test.each(['standard', 'cloudevents'])('the packages of the specification and of Svix verify %s', async (format) => {
  const { body, headers } = await receive({ format });
  for (const secret of [SECRET, OLD_SECRET]) {
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(new SvixWebhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new SvixWebhook(secret).verify(`${body} `, headers)).toThrow();
  }
});

test('the SDK of CloudEvents reads one in structured mode, and finds nothing to object to', async () => {
  const { body, headers } = await receive({ format: 'cloudevents' });
  const cloudEvent = HTTP.toEvent({ headers, body });
  if (!(cloudEvent instanceof CloudEvent)) throw new Error('it is none');
  expect(cloudEvent.validate()).toBe(true);
  const { id, source, timestamp, data } = sampleEvent;
  expect(cloudEvent.toJSON()).toMatchObject({
    id,
    specversion: '1.0',
    source: `/recording-notifier/${source}`,
    type: 'recording-notifier.recording.available',
    subject: data.recording.uuid,
    time: timestamp,
    datacontenttype: 'application/json',
    data: { source, ...data },
  });
});
