import { type Receiver, type ReceiverAnswer, startReceiver } from '../../src/fake/receiver.js';
import { realClock as clock } from '../support/real-clock.js';

export interface Door extends Receiver, AsyncDisposable {
  /** What it answers from now on. */
  answer(answer: ReceiverAnswer): void;
}

/** A real receiver whose mood a test changes. */
export async function startDoor(first: ReceiverAnswer = { status: 204 }): Promise<Door> {
  let current = first;
  const receiver = await startReceiver({ clock, respond: () => current });
  return {
    ...receiver,
    answer: (answer) => {
      current = answer;
    },
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

export function uuidsOf({ messages }: Pick<Receiver, 'messages'>): string[] {
  return messages.map(({ json }) => (json as { data: { recording: { uuid: string } } }).data.recording.uuid);
}
