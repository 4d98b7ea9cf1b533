import type { SinkConfig } from '../config/config.js';
import type { NotifierEvent } from '../core/event.js';
import type { Outcome, Progress } from '../core/failure.js';
import type { Clock, HttpClient, Log, Programs, Random } from '../ports.js';
import type { Digest, UrlSupply } from '../sinks/define.js';
import type { Repeats } from './repeats.js';

/** What is sent at once. */
export type Message = NotifierEvent | Digest;

export interface AttemptPorts {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Left out where somebody looks at each attempt. */
  readonly repeats?: Repeats | undefined;
  readonly print: (line: string) => Promise<void>;
  /** Left out where no program is to be started. */
  readonly programs?: Programs | undefined;
  /** Of the recording that the event is about. */
  readonly supply?: UrlSupply | undefined;
  /** Left out where one process makes all attempts. */
  readonly share?: Share | undefined;
}

/** One try of one message, as another process may make it. */
export interface Task {
  /** As `attemptIdOf` names it. */
  readonly id: string;
  readonly sink: SinkConfig;
  readonly message: Message;
  readonly progress: Progress | null;
}

/**
 * Has attempts made by whichever process has time for them. Settles once the outcome is known, at the latest some time after the
 * attempt's own; rejects when it could not be handed out at all, and nothing has been sent then.
 *
 * @returns undefined where the attempt is better made here
 */
export type Share = (task: Task, stop: AbortSignal) => Promise<Outcome> | undefined;

export const STOPPED: Outcome = { kind: 'failed', reason: 'stopped', detail: 'cut off by the stop of the notifier' };

/** One for all: a reason made at each attempt has its stack collected, a thirtieth of the time of a delivery. */
const OVER = new DOMException('the attempt is over', 'AbortError');

/**
 * One try of one message: never throws, and is over when its time is, whatever the sink does.
 *
 * @param stop aborted when the notifier cannot wait any longer; the attempt then ends as `stopped`
 */
export async function attemptOnce(
  sink: SinkConfig,
  message: Message,
  progress: Progress | null,
  ports: AttemptPorts,
  stop: AbortSignal,
): Promise<Outcome> {
  const { clock, http, print, programs, random, supply } = ports;
  if (stop.aborted) return STOPPED;
  const ended = new AbortController();
  let giveUp: (outcome: Outcome) => void = () => undefined;
  const givenUp = new Promise<Outcome>((resolve) => {
    giveUp = resolve;
  });
  function cutOff(outcome: Outcome): void {
    giveUp(outcome);
    ended.abort();
  }
  const onStop = () => cutOff(STOPPED);
  const timer = clock.after(sink.timeoutMs, () =>
    cutOff({ kind: 'failed', reason: 'timeout', detail: `no answer within ${sink.timeoutMs} ms` }),
  );
  stop.addEventListener('abort', onStop, { once: true });
  try {
    const { name, settings, timeoutMs, timezone } = sink;
    const context = {
      ...{ name, settings, progress, http, clock, print, programs, random, timeoutMs, timezone, urls: supply },
      signal: ended.signal,
    };
    return await Promise.race([givenUp, delivered()]);

    async function delivered(): Promise<Outcome> {
      try {
        const { definition } = sink;
        if (!isDigest(message)) return await definition.deliver(message, context);
        if (definition.deliverDigest === undefined) throw new Error(`a ${definition.type} sink takes no digest`);
        return await definition.deliverDigest(message, context);
      } catch (error) {
        if (!ended.signal.aborted) logThrown(ports, sink.name, error);
        return { kind: 'failed', reason: 'sink_threw', detail: 'a bug in the sink; the log has its stack' };
      }
    }
  } finally {
    timer.cancel();
    stop.removeEventListener('abort', onStop);
    ended.abort(OVER);
  }
}

function logThrown({ log, repeats }: AttemptPorts, sink: string, error: unknown): void {
  const [fields, message] = [{ sink, error }, 'a sink threw instead of returning an outcome'];
  const sum = { message: 'a sink goes on throwing instead of returning an outcome', fields, counts: 'thrown' };
  if (repeats === undefined) log.error(fields, message);
  else
    repeats.failed({
      subject: `sink ${sink}`,
      kind: 'thrown',
      variant: String(error),
      level: 'error',
      message,
      fields,
      sum,
    });
}

export function isDigest(message: Message): message is Digest {
  return 'events' in message;
}
