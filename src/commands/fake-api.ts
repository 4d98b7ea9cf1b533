import { Option } from 'commander';
import { startFakeApi } from '../fake/api.js';
import { FAULT_KINDS } from '../fake/api-schema.js';
import { systemClock } from '../system.js';
import { countArgument, durationArgument, portArgument } from './arguments.js';
import { EXIT, type Register } from './command.js';

interface FakeApiOptions {
  readonly port: number;
  readonly recordings: number;
  readonly every?: number;
  readonly life: number;
  readonly urlLife: number;
  readonly pageMax?: number;
  readonly array?: true;
}

export const registerFakeApi: Register = (program, context) => {
  program
    .command('fake-api')
    .summary('a fake SuperViz API to try things on')
    .description(
      'Serves GET /recording as SuperViz does, with recordings that are made up. Any credentials are let in. POST /_control changes the list ' +
        'and makes it misbehave; GET /_control shows the requests that came.',
    )
    .addOption(new Option('--port <port>', 'where to listen, on 127.0.0.1').argParser(portArgument).default(4010))
    .addOption(new Option('--recordings <count>', 'available ones at the start').argParser(countArgument).default(3))
    .addOption(new Option('--every <duration>', 'make a new recording this often').argParser(durationArgument))
    .addOption(
      new Option('--life <duration>', 'from processing to available').argParser(durationArgument).default(5_000, '5s'),
    )
    .addOption(
      new Option('--url-life <duration>', 'how long a URL works')
        .argParser(durationArgument)
        .default(82_800_000, '23h'),
    )
    .addOption(new Option('--page-max <rows>', 'the most rows that a page has').argParser(countArgument))
    .option('--array', 'answer with a bare array instead of pages')
    .addHelpText(
      'after',
      [
        '',
        'Faults: the kind, and what goes beside it. Each spoils one request, or "times" of them, "after" so many good ones:',
        ...FAULT_KINDS.map(({ kind, keys, summary }) => `  ${[kind, ...keys].join(', ').padEnd(36)} ${summary}`),
        '',
        'Examples:',
        '  recording-notifier fake-api --every 30s',
        `  curl -d '{"add":[{"roomId":"lobby"}]}' http://127.0.0.1:4010/_control`,
        `  curl -d '{"faults":[{"fault":{"kind":"bad_gateway"},"after":1,"times":3}]}' http://127.0.0.1:4010/_control`,
      ].join('\n'),
    )
    .action(async (options: FakeApiOptions) => {
      const stopped = new Promise<void>((resolve) => context.onSignal(['SIGINT', 'SIGTERM'], () => resolve()));
      const api = await startFakeApi({
        clock: systemClock,
        port: options.port,
        lifeMs: options.life,
        everyMs: options.every,
        urlLifeMs: options.urlLife,
        recordings: Array.from({ length: options.recordings }, () => ({ status: 'available' })),
        mode: {
          form: options.array ? 'array' : 'envelope',
          ...(options.pageMax === undefined ? {} : { pageSizeMax: options.pageMax }),
        },
      });
      context.tell(`Fake SuperViz API on ${api.url}; its controls on ${api.url}/_control (Ctrl-C ends it)`);
      await stopped;
      await api.close();
      context.end(EXIT.fine);
    });
};
