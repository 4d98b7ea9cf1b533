import type { FailureReason } from '../../src/core/failure.js';
import type { ReceiverAnswer } from '../../src/fake/receiver.js';
import { teams } from '../../src/sinks/teams.js';
import { FLOW, fakeTeams } from '../support/fake-teams.js';
import { sampleEvent } from '../support/sample-event.js';
import { deliverTo, endless, type FakeService, json, openMisbehaving, openService } from '../support/service-place.js';
import { flood, hang, resetAtOnce } from '../support/zoo.js';
import { describeSink } from './conformance.js';

const settingsOf = (origin: string) => ({ url: `${origin}${FLOW}` });
const open = (respond: FakeService = fakeTeams) => openService(respond, settingsOf);
const openZoo = (behave: Parameters<typeof openMisbehaving>[0]) => openMisbehaving(behave, settingsOf);

const no = (status: number, code: string) => json(status, { error: { code, message: 'answer-body' } });

function answering(answer: ReceiverAnswer, want: FailureReason) {
  return { name: `${answer.status} ${answer.body}`, want, open: () => open(() => answer) };
}

/** What a retired connector said with a 200. */
const LIMIT_OF_OLD = 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429';

describeSink({
  definition: teams,
  secrets: ['flow-signature', 'answer-body'],
  open: () => open(),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(endless(202, ' ')),
  failures: [
    answering(no(400, 'WorkflowTriggerIsNotEnabled'), 'destination_refused'),
    answering(no(404, 'WorkflowNotFound'), 'destination_refused'),
    answering(no(401, 'DirectApiAuthorizationRequired'), 'destination_refused'),
    answering(no(401, 'DirectApiInvalidAuthorizationScheme'), 'destination_refused'),
    answering(no(401, 'DirectApiInvalidAuthorizationSignature'), 'destination_refused'),
    answering(no(400, 'TriggerInputSchemaMismatch'), 'destination_refused'),
    answering(no(403, 'answer-body'), 'destination_refused'),
    answering(no(404, 'answer-body'), 'destination_refused'),
    answering(no(400, 'answer-body'), 'client_error'),
    answering(no(429, 'answer-body'), 'rate_limited'),
    answering(no(502, 'answer-body'), 'server_error'),
    answering({ status: 404, body: 'answer-body' }, 'client_error'),
    answering({ status: 401, body: '{"error":"answer-body"}' }, 'client_error'),
    answering({ status: 410, body: 'answer-body' }, 'gone'),
    answering({ status: 413, body: 'answer-body' }, 'payload_too_large'),
    answering({ status: 302, body: 'answer-body' }, 'redirected'),
    answering({ status: 200, body: ' <html>answer-body' }, 'bad_answer'),
    answering({ status: 200, body: LIMIT_OF_OLD }, 'bad_answer'),
    { name: 'a no that never ends', want: 'server_error', open: () => openZoo(flood(500)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
  ],
});

test('a flow may answer what its author wants', async () => {
  const outcome = await deliverTo(await open(() => ({ status: 200, body: 'thanks' })), teams, sampleEvent);
  expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
});

test.each([
  { path: '/workflows/other?sig=x', want: 'HTTP 404: WorkflowNotFound, the flow is gone: copy its URL again' },
  {
    path: FLOW.replace(/&sig=.*/, ''),
    want: 'HTTP 401: DirectApiAuthorizationRequired, let anyone trigger the flow, and copy its whole URL',
  },
  {
    path: FLOW.replace('flow-signature', 'half'),
    want: 'HTTP 401: DirectApiInvalidAuthorizationSignature, copy the whole URL of the flow',
  },
])('what mends it is told: $want', async ({ path, want }) => {
  const place = await openService(fakeTeams, (origin) => ({ url: `${origin}${path}` }));
  expect(await deliverTo(place, teams, sampleEvent)).toMatchObject({ kind: 'failed', detail: want });
});

test('a Retry-After is honoured', async () => {
  const place = await open(() => json(429, {}, { 'retry-after': '7' }));
  const outcome = await deliverTo(place, teams, sampleEvent);
  expect(outcome).toMatchObject({ reason: 'rate_limited', retryAfterMs: 7_000 });
});

test.each([
  { url: 'https://acme.webhook.office.com/webhookb2/x', want: [expect.stringMatching(/retired/)] },
  { url: 'https://prod-11.westeurope.logic.azure.com/workflows/x', want: [] },
])('check points out a URL that Microsoft has retired: $url', ({ url, want }) => {
  expect(teams.notices?.(teams.settings.parse({ url }), 0)).toEqual(want);
});
