import type { SinkConfig } from '../config/config.js';
import type { RecordingEvent } from '../core/event.js';
import type { EventId, RecordingUuid } from '../core/id.js';
import { attemptOnce } from '../engine/attempt.js';
import { nonce, systemClock } from '../system.js';
import { type CommonOptions, EXIT, type Register, UsageError } from './command.js';
import { configOf, httpOf, quietLogOf } from './session.js';

const HOUR_MS = 3_600_000;

export const registerTest: Register = (program, context) => {
  program
    .command('test')
    .argument('<sink>', 'name of a sink in the config')
    .summary('send a sample to one sink and show what came back')
    .description(
      'Sends one sample event (id evt_test_…, data.test: true) to a sink, enabled or not, and prints what came back. Nothing is stored.',
    )
    .addHelpText('after', '\nExample:\n  recording-notifier test pipeline')
    .action(async (name: string, _, command) => {
      const options: CommonOptions = command.optsWithGlobals();
      const config = configOf(options, context);
      const sink = config.sinks.find((candidate) => candidate.name === name);
      if (sink === undefined) {
        throw new UsageError(
          `The config has no sink "${name}"; it has ${config.sinks.map((known) => known.name).join(', ')}.`,
        );
      }
      const http = httpOf(config, context);
      const startedMs = systemClock.monotonicMs();
      const ports = { http, clock: systemClock, log: quietLogOf(config, context), print: context.print };
      const event = sampleEvent(sink, systemClock.nowMs());
      const outcome = await attemptOnce(sink, event, null, ports, new AbortController().signal);
      await Promise.all([http.close(), sink.definition.close?.(sink.settings)]);
      const durationMs = Math.round(systemClock.monotonicMs() - startedMs);
      if (options.json) await context.print(JSON.stringify({ sink: name, event: event.id, ...outcome, durationMs }));
      else if (outcome.kind === 'delivered')
        await context.print(`${name}: delivered (${outcome.receipt}) in ${durationMs} ms, event ${event.id}`);
      else await context.print(`${name}: failed after ${durationMs} ms: ${outcome.reason}: ${outcome.detail}`);
      context.end(outcome.kind === 'delivered' ? EXIT.fine : EXIT.failed);
    });
};

function sampleEvent({ includeUrl }: SinkConfig, nowMs: number): RecordingEvent {
  const id = nonce();
  return {
    id: `evt_test_${id}` as EventId,
    type: 'recording.available',
    timestamp: new Date(nowMs).toISOString(),
    source: 'test',
    data: {
      recording: {
        uuid: `test-${id.slice(0, 8)}` as RecordingUuid,
        roomId: 'TEST room',
        meetingId: 'TEST meeting',
        status: 'available',
        createdAt: new Date(nowMs - HOUR_MS).toISOString(),
        url: includeUrl ? 'https://example.com/test-recording.mp4' : null,
        urlExpiresAt: includeUrl ? new Date(nowMs + HOUR_MS).toISOString() : null,
      },
      previousStatus: 'processing',
      occurrence: 1,
      test: true,
    },
  };
}
