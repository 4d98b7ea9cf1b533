import type { RememberedRecording } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { pausedText } from '../views/pause-words.js';
import { recordingRow } from '../views/recording-row.js';
import { type CommonOptions, EXIT, type Register } from './command.js';
import { configForLooking, openStoreOf } from './session.js';
import { printRows } from './table.js';

export const registerRecordings: Register = (program, context) => {
  program
    .command('recordings')
    .summary('what is remembered of each recording')
    .description('Lists the recordings that polls have shown. Works beside a running program.')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier recordings\n  recording-notifier recordings --json | jq \'select(.status == "processing")\'',
    )
    .action(async (_, command) => {
      const options: CommonOptions = command.optsWithGlobals();
      const config = configForLooking(options, context);
      const { store } = await openStoreOf(config, 'read', context);
      try {
        const ledger = createLedger(store);
        const count = await printRows(rows(ledger.allRecordings()), COLUMNS, options, context);
        if (count === 0)
          context.tell(
            'No recording is remembered yet: "run" and "poll" read the list, and "try SOURCE" shows what they would see.',
          );
        for (const pause of await ledger.pauses()) if (pause.kind === 'source') context.tell(pausedText(pause, config));
      } finally {
        await store.close();
      }
      context.end(EXIT.fine);
    });
};

const COLUMNS = {
  shown: ['source', 'uuid', 'roomId', 'meetingId', 'status', 'firstSeenAt', 'availableAt', 'occurrence'],
  leastFirst: ['occurrence', 'meetingId', 'firstSeenAt', 'availableAt', 'roomId', 'source'],
} as const;

async function* rows(recordings: AsyncIterable<RememberedRecording>) {
  for await (const remembered of recordings) yield recordingRow(remembered);
}
