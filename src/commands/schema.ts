import { renderJsonSchema } from '../config/render.js';
import { SINK_TYPES } from '../sinks/registry.js';
import { SOURCE_TYPES } from '../source/registry.js';
import { EXIT, type Register } from './command.js';

export const registerSchema: Register = (program, context) => {
  program
    .command('schema')
    .summary('print the JSON Schema of the config, for editors')
    .description('Prints the JSON Schema of the config file, which makes an editor complete and check it.')
    .addHelpText('after', '\nExample:\n  recording-notifier schema > notifier.schema.json')
    .action(async () => {
      await context.print(renderJsonSchema({ sourceTypes: SOURCE_TYPES, sinkTypes: SINK_TYPES }).trimEnd());
      context.end(EXIT.fine);
    });
};
