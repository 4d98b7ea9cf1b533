import type { Outcome, Progress } from '../../src/core/failure.js';
import { withSink } from './email-support.js';

const [ANN, BOB, CID] = ['ann@example.com', 'bob@example.com', 'cid@example.com'];

function progressOf(outcome: Outcome): Progress | undefined {
  return outcome.kind === 'failed' ? outcome.progress : undefined;
}

describe('a ledger for each recipient', () => {
  const recipients = { to: [ANN, BOB, CID] };

  test('one that was put off is tried again alone, and then all have it', async () => {
    let isGrey = true;
    const recipient = (address: string) => (address === BOB && isGrey ? '450 4.7.1 greylisted' : undefined);
    await withSink({ recipient }, recipients, async (send, { mails }) => {
      const first = await send();
      expect(first).toEqual({
        kind: 'failed',
        reason: 'mail_deferred',
        detail: 'accepted for 2 of 3; put off: bob@example.com (SMTP 450 4.7.1)',
        progress: { accepted: [ANN, CID], refused: [] },
      });
      isGrey = false;
      expect(await send(progressOf(first))).toEqual({ kind: 'delivered', receipt: 'accepted for 3 of 3' });
      expect(mails.map(({ to }) => to)).toEqual([[ANN, CID], [BOB]]);
    });
  });

  test('one that was refused for good is dead only when nobody waits', async () => {
    const replies = new Map([
      [BOB, '550 5.1.1 unknown'],
      [CID, '450 4.2.0 later'],
    ]);
    await withSink({ recipient: (address) => replies.get(address) }, recipients, async (send, { mails }) => {
      const first = await send();
      expect(first).toMatchObject({ reason: 'mail_deferred', progress: { accepted: [ANN], refused: [BOB] } });
      replies.delete(CID);
      expect(await send(progressOf(first))).toEqual({
        kind: 'failed',
        reason: 'mail_refused',
        detail: 'accepted for 2 of 3; refused for good: bob@example.com',
        progress: { accepted: [ANN, CID], refused: [BOB] },
      });
      expect(mails.map(({ to }) => to)).toEqual([[ANN], [CID]]);
    });
  });

  test('a redelivery goes to those who were refused and to nobody who has it', async () => {
    await withSink({}, recipients, async (send, { mails }) => {
      expect(await send({ accepted: [ANN, CID], refused: [] })).toMatchObject({ kind: 'delivered' });
      expect(mails.map(({ to }) => to)).toEqual([[BOB]]);
    });
  });

  test('who is no longer in the config does not count', async () => {
    await withSink({}, { to: [ANN] }, async (send, { mails }) => {
      expect(await send({ accepted: [ANN], refused: [BOB] })).toMatchObject({ kind: 'delivered' });
      expect(mails).toEqual([]);
    });
  });

  test('all recipients put off or refused', async () => {
    const recipient = (address: string) => (address === BOB ? '450 4.2.0 later' : '550 5.1.1 unknown');
    await withSink({ recipient }, recipients, async (send) => {
      expect(await send()).toMatchObject({
        reason: 'mail_deferred',
        detail: `accepted for 0 of 3; refused for good: ${ANN} (SMTP 550 5.1.1), ${CID} (SMTP 550 5.1.1); put off: ${BOB} (SMTP 450 4.2.0)`,
        progress: { accepted: [], refused: [ANN, CID] },
      });
    });
  });

  test('a mail refused after everything was said is refused for all', async () => {
    await withSink({ message: () => '554 5.7.1 spam' }, recipients, async (send) => {
      expect(await send()).toMatchObject({ reason: 'mail_refused', progress: { refused: [ANN, BOB, CID] } });
    });
  });
});
