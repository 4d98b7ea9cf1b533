import type { Ledger, Store } from '../../src/ports.js';
import type { SinkDefinition } from '../../src/sinks/define.js';
import type { Twist } from './program.js';

interface Control {
  readonly twist: Twist;
  /** A story that shows it, at which the search begins: another one does when stories have changed. */
  readonly seed: number;
  readonly violates: RegExp;
}

/** Products with one mistake each. A simulation that does not find them finds nothing. */
export const CONTROLS: Readonly<Record<string, Control>> = {
  'the states of recordings are written before their deliveries': {
    twist: {
      ledger: (ledger) => ({
        ...ledger,
        commit: async (deliveries, recordings) => {
          await ledger.commit([], recordings);
          if (deliveries.length > 0) await ledger.commit(deliveries, []);
        },
      }),
    },
    seed: 39,
    violates: /^lost/,
  },
  'two writes in place of one, neither of which waits for the other': {
    twist: {
      ledger: (ledger) => ({
        ...ledger,
        commit: async (deliveries, recordings) => {
          await Promise.all([ledger.commit([], recordings), ledger.commit(deliveries, [])]);
        },
      }),
    },
    seed: 10,
    violates: /^lost/,
  },
  'a write that tears, and deliveries are made without a look at what there is': {
    twist: { store: tearing, ledger: (ledger) => ({ ...ledger, existing: async () => new Set() }) },
    seed: 8,
    violates: /came to .* again/,
  },
  'a failed read is taken for "never seen"': {
    twist: {
      ledger: (ledger) => ({
        ...ledger,
        recordings: (source, uuids) => ledger.recordings(source, uuids).catch(() => new Map()),
        settled: (source, uuids) => ledger.settled(source, uuids).catch(() => new Set()),
      }),
    },
    seed: 4,
    violates: /^invented|^lost|says/,
  },
  'a partial first poll is taken for a complete one': {
    twist: {
      source: (source) => ({
        ...source,
        async *walk(signal) {
          let pages = 0;
          try {
            for await (const page of source.walk(signal)) {
              pages += 1;
              yield page;
            }
          } catch {
            // Whatever came counts as all there is.
          }
          return { complete: true, pages, shifted: false };
        },
      }),
    },
    seed: 15,
    violates: /first poll|^invented/,
  },
  'what is to be retried is kept in memory only': {
    twist: { ledger: (ledger) => forgetful(ledger) },
    seed: 2,
    violates: /^lost/,
  },
  'the id holds something that changes, as the URL does': {
    twist: {
      ports: (ports, { dice }) => ({ ...ports, sha256: (text) => ports.sha256(`${text}${dice.int(0, 1)}`) }),
    },
    seed: 1,
    violates: /^invented|^lost/,
  },
  'one sink at a time': {
    twist: { sink: oneAtATime },
    seed: 219,
    violates: /for other sinks/,
  },
  'what was settled once is taken for settled ever after': {
    twist: { ledger: settledForEver },
    seed: 15,
    violates: /^lost|says/,
  },
  'a delivery leaves the outbox before it is stored as finished': {
    twist: { ledger: removingFirst },
    seed: 85,
    violates: /^lost/,
  },
  'a receiver repeats the URL, and its words are stored': {
    twist: { sink: repeatingTheUrl },
    seed: 2,
    violates: /the store has a URL/,
  },
  'what operators have been told is forgotten at a restart': {
    twist: { ledger: (ledger) => ({ ...ledger, alarms: async () => [] }) },
    seed: 5,
    violates: /comes twice|were told/,
  },
  'an alarm is written before its deliveries': {
    twist: { ledger: (ledger) => ({ ...ledger, save: alarmsFirst(ledger) }) },
    seed: 711,
    violates: /^operators/,
  },
  'of all who listen to an event for operators, one is told': {
    twist: { ledger: (ledger) => ({ ...ledger, save: firstListenersOnly(ledger) }) },
    seed: 8,
    violates: /was not made for/,
  },
  'an empty list is believed, however long the one before was': {
    twist: { ledger: (ledger) => ({ ...ledger, sourceMark: shortListed(ledger) }) },
    seed: 320,
    violates: /nobody is told that/,
  },
  'a batch is not stored before it is sent': {
    twist: { ledger: (ledger) => ({ ...ledger, save: withoutBatches(ledger) }) },
    seed: 5,
    violates: /not stored before|another batch/,
  },
  'what is paused is forgotten at a restart': {
    twist: { ledger: (ledger) => ({ ...ledger, pauses: async () => [] }) },
    seed: 1,
    violates: /while it is paused/,
  },
  'an answer that is lost counts as delivered': {
    twist: { sink: believing },
    seed: 7,
    violates: /^lost/,
  },
};

/** Without forgetting what changes. */
function settledForEver(ledger: Ledger): Ledger {
  const once = new Set<string>();
  return {
    ...ledger,
    settled: async (source, uuids) => {
      for (const uuid of await ledger.settled(source, uuids)) once.add(`${source}/${uuid}`);
      return new Set(uuids.filter((uuid) => once.has(`${source}/${uuid}`)));
    },
  };
}

/** Not atomic: each entry is a write of its own. */
function tearing(store: Store): Store {
  return {
    ...store,
    setMany: async (entries) => {
      for (const entry of entries) await store.setMany([entry]);
    },
  };
}

/** A delivery is kept only once it is finished; until then a queue in memory is enough, somebody thought. */
function forgetful(ledger: Ledger): Ledger {
  return {
    ...ledger,
    commit: (_, recordings) => ledger.commit([], recordings),
    save: (deliveries, sinks) => {
      const finished = deliveries.filter(({ state }) => state !== 'pending');
      return ledger.save(finished, sinks);
    },
  };
}

function removingFirst(ledger: Ledger): Ledger {
  return {
    ...ledger,
    save: async (deliveries, sinks) => {
      await ledger.remove(deliveries.map(({ id }) => id));
      await ledger.save(deliveries, sinks);
    },
  };
}

function alarmsFirst(ledger: Ledger): Ledger['save'] {
  return async (deliveries, sinks, alarms = []) => {
    if (alarms.length > 0) await ledger.save([], new Map(), alarms);
    await ledger.save(deliveries, sinks);
  };
}

function firstListenersOnly(ledger: Ledger): Ledger['save'] {
  return (deliveries, sinks, alarms) => {
    const told = new Set<string>();
    const kept = deliveries.filter(({ event, attempts, round }) => {
      const isNew = !event.type.startsWith('recording.') && attempts + round === 0;
      return !isNew || told.size < told.add(event.id).size;
    });
    return ledger.save(kept, sinks, alarms);
  };
}

function shortListed(ledger: Ledger): Ledger['sourceMark'] {
  return async (source) => {
    const mark = await ledger.sourceMark(source);
    return mark && { ...mark, listed: Math.min(mark.listed ?? 0, 1) };
  };
}

/** What goes together is kept in memory, somebody thought. */
function withoutBatches(ledger: Ledger): Ledger['save'] {
  return (deliveries, sinks, alarms) =>
    ledger.save(
      deliveries.map(({ batch: _, ...delivery }) => delivery),
      sinks,
      alarms,
    );
}

function oneAtATime(sink: SinkDefinition): SinkDefinition {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ...sink,
    deliver: (event, context) => {
      const cutOff = new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
      const outcome = turn.then(() => sink.deliver(event, context));
      turn = Promise.race([outcome, cutOff]).catch(() => undefined);
      return outcome;
    },
  };
}

function repeatingTheUrl(sink: SinkDefinition): SinkDefinition {
  return {
    ...sink,
    deliver: async (event, context) => {
      const outcome = await sink.deliver(event, context);
      return outcome.kind === 'delivered' ? { ...outcome, receipt: JSON.stringify(event) } : outcome;
    },
  };
}

function believing(sink: SinkDefinition): SinkDefinition {
  return {
    ...sink,
    deliver: async (event, context) => {
      const outcome = await sink.deliver(event, context);
      const isLost = outcome.kind === 'failed' && outcome.reason === 'connection_failed';
      return isLost ? { kind: 'delivered', receipt: 'HTTP 204' } : outcome;
    },
  };
}
