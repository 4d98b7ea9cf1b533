import { type CommonOptions, EXIT, type Register } from './command.js';
import { idsOf } from './message-ids.js';
import { configOf, httpOf, sinkOf } from './session.js';
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
      const { message, outcome, durationMs } = sample;
      if (options.json) await context.print(JSON.stringify({ sink: name, ...idsOf(message), ...outcome, durationMs }));
      else await context.print(`${name}: ${sampleTrial(sample).detail}`);
      context.end(outcome.kind === 'delivered' ? EXIT.fine : EXIT.failed);
    });
};
