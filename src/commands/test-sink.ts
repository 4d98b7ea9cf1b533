import type { Config } from '../config/config.js';
import type { Pause } from '../core/pause.js';
import { createLedger } from '../store/ledger.js';
import { pausedText } from '../views/pause-words.js';
import { type CommandContext, type CommonOptions, EXIT, type Register } from './command.js';
import { idsOf } from './message-ids.js';
import { configOf, httpOf, openStoreOf, sinkOf } from './session.js';
import { sampleTrial, sendSample } from './trials.js';

export const registerTest: Register = (program, context) => {
  program
    .command('test')
    .argument('<sink>', 'name of a sink in the config')
    .summary('send a sample to one sink and show what came back')
    .description(
      'Sends one sample event (id evt_test_…, data.test: true) to a sink, enabled or not, and prints what came back. It is a recording.available, or the first type in the events of a sink that does not get that. A sink with digest gets one digest of samples (dig_test_…). Nothing is stored.',
    )
    .addHelpText('after', '\nExample:\n  recording-notifier test pipeline')
    .action(async (name: string, _, command) => {
      const options: CommonOptions = command.optsWithGlobals();
      const config = configOf(options, context);
      const sink = sinkOf(config, name);
      const http = httpOf(config, context);
      const sample = await sendSample(sink, http, config, context);
      await http.close();
      const pause = await pauseIfKnown(name, config, context);
      if (pause !== undefined) context.tell(`${pausedText(pause, config)} A sample goes all the same.`);
      const { message, outcome, durationMs } = sample;
      if (options.json) await context.print(JSON.stringify({ sink: name, ...idsOf(message), ...outcome, durationMs }));
      else await context.print(`${name}: ${sampleTrial(sample).detail}`);
      context.end(outcome.kind === 'delivered' ? EXIT.fine : EXIT.failed);
    });
};

/** Where there is a store to look into. */
async function pauseIfKnown(sink: string, config: Config, context: CommandContext): Promise<Pause | undefined> {
  if (config.store.kind === 'memory') return undefined;
  const opened = await openStoreOf(config, 'read', context).catch(() => undefined);
  if (opened === undefined) return undefined;
  try {
    return (await createLedger(opened.store).pauses()).find(({ kind, name }) => kind === 'sink' && name === sink);
  } finally {
    await opened.store.close();
  }
}
