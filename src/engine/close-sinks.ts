import type { SinkConfig } from '../config/config.js';
import type { Log } from '../ports.js';

/** Ends what sinks keep open. One that does not end well harms no other, and is logged. */
export async function closeSinks(lanes: readonly { readonly sink: SinkConfig }[], log: Log): Promise<void> {
  await Promise.all(
    lanes.map(async ({ sink: { name, definition, settings } }) => {
      try {
        await definition.close?.(settings);
      } catch (error) {
        log.warn({ sink: name, error }, 'the connections of a sink did not close well');
      }
    }),
  );
}
