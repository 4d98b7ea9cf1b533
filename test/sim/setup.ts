import type { Config, SinkConfig, SourceConfig } from '../../src/config/config.js';
import { loadTree } from '../../src/config/load.js';
import { objectTree } from '../../src/config/object.js';
import type { DigestPolicy } from '../../src/core/batch.js';
import { EVENT_TYPES, type EventType } from '../../src/core/event.js';
import type { SinkDefinition } from '../../src/sinks/define.js';
import type { SourceDefinition } from '../../src/source/define.js';
import { superviz } from '../../src/source/superviz.js';
import { ROOMS } from './account.js';
import { WITNESS_SINK } from './deliveries.js';
import type { Dice } from './dice.js';
import { SECRET } from './platform.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const TOLD_TYPES = ['recording.available', 'recording.processing', 'recording.stuck'] as const;

const OPERATOR_TYPES = (Object.keys(EVENT_TYPES) as EventType[]).filter((type) => !type.startsWith('recording.'));

/** Definitions are of one life: they are how it sees the world. */
export interface Definitions {
  readonly source: SourceDefinition;
  readonly sink: SinkDefinition;
}

type SourcePlan = Omit<SourceConfig, 'definition' | 'settings'> & { readonly size: number };
type SinkPlan = Omit<SinkConfig, 'definition' | 'settings'>;

/** What a config file says at one time of the story. */
export interface Plan {
  readonly sources: readonly (SourcePlan & { readonly roomId: string | undefined })[];
  readonly sinks: readonly SinkPlan[];
  readonly keepDeliveredMs: number;
  readonly keepDeadMs: number;
  readonly floodLimit: number;
}

/** What a story is about. */
export interface Setup {
  readonly sources: readonly SourcePlan[];
  readonly sinks: readonly SinkPlan[];
  readonly periodMs: number;
  readonly keepDeliveredMs: number;
  readonly keepDeadMs: number;
  readonly floodLimit: number;
}

const TEMPLATE = template();

export function drawSetup(dice: Dice): Setup {
  const periodMs = dice.pick([
    10_000,
    10_000,
    30_000,
    30_000,
    MINUTE_MS,
    5 * MINUTE_MS,
    5 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
  ]);
  const names = ['east', 'west'].slice(0, dice.int(1, 2));
  const sinks = ['a', 'b', 'c', 'd'].slice(0, dice.int(1, 4)).map((name) => drawSink(name, dice));
  return {
    periodMs,
    sources: names.map((name) => drawSource(name, periodMs, dice)),
    sinks: [
      { ...sinkDefaults(WITNESS_SINK), events: [...TOLD_TYPES, ...OPERATOR_TYPES], concurrency: 4, includeUrl: false },
      ...sinks,
    ],
    keepDeliveredMs: dice.pick([10 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS]),
    keepDeadMs: dice.pick([DAY_MS, 90 * DAY_MS]),
    floodLimit: dice.pick([2, 5, 1_000, 1_000]),
  };
}

function drawSource(name: string, periodMs: number, dice: Dice): SourcePlan {
  const { definition: _, settings: __, ...defaults } = TEMPLATE.source;
  return {
    ...defaults,
    name,
    schedule: String(periodMs),
    whileProcessing: dice.chance(0.5) ? String(Math.ceil(periodMs / 2)) : undefined,
    fullWalk: String(periodMs * dice.fork(`full walks of ${name}`).pick([3, 10, 50])),
    firstPoll: dice.pick(['remember', 'announce']),
    stuckAfterMs: dice.pick([5 * periodMs, HOUR_MS, DAY_MS]),
    size: dice.int(2, 8),
  };
}

function drawSink(name: string, dice: Dice): SinkPlan {
  const told = TOLD_TYPES.filter((type) => dice.chance(type === 'recording.available' ? 0.9 : 0.4));
  const events: readonly EventType[] = dice.chance(0.3) ? [...told, ...OPERATOR_TYPES] : told;
  const only = {
    ...(dice.chance(0.2) && { rooms: [dice.pick(ROOMS) ?? '*'] }),
    ...(dice.chance(0.2) && { sources: [dice.pick(['east', 'west', '*'])] }),
    ...(dice.chance(0.1) && { meetings: ['m1', 'm2'] }),
  };
  const jitterRatio = dice.pick([0, 0.2]);
  const delaysMs = dice.pick([[1_000], [5_000, MINUTE_MS, 5 * MINUTE_MS], TEMPLATE.sink.retry.delaysMs]);
  return {
    ...sinkDefaults(name),
    events,
    only,
    concurrency: dice.int(1, 4),
    intervalMs: dice.chance(0.2) ? 1_000 : 0,
    timeoutMs: dice.pick([2_000, 20_000]),
    retry: { delaysMs, jitterRatio },
    includeUrl: dice.chance(0.7),
    digest: drawDigest(dice.fork(`digest of ${name}`)),
  };
}

function drawDigest(dice: Dice): DigestPolicy | undefined {
  if (dice.chance(0.5)) return undefined;
  return { everyMs: dice.pick([1_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]), max: dice.pick([1, 2, 3, 50]) };
}

/** Somebody has changed or removed it. Dice of its own, so that stories of other things stay what they are. */
function withOtherDigest(sink: SinkPlan, dice: Dice): SinkPlan {
  return sink.name === WITNESS_SINK || dice.chance(0.7) ? sink : { ...sink, digest: drawDigest(dice) };
}

function sinkDefaults(name: string): SinkPlan {
  const { definition: _, settings: __, ...defaults } = TEMPLATE.sink;
  return { ...defaults, name };
}

/** Everything there and enabled. */
export function wholePlan(setup: Setup): Plan {
  return { ...setup, sources: setup.sources.map((source) => ({ ...source, roomId: undefined })) };
}

/** As somebody leaves the file who has edited it. */
export function drawPlan(setup: Setup, dice: Dice): Plan {
  const sources = setup.sources
    .filter(() => dice.chance(0.9))
    .map((source) => ({ ...source, roomId: dice.chance(0.1) ? 'lobby' : undefined }));
  const sinks = setup.sinks
    .filter(({ name }) => name === WITNESS_SINK || dice.chance(0.85))
    .map((sink) => ({ ...sink, enabled: sink.name === WITNESS_SINK || dice.chance(0.85) }))
    .map((sink) => (dice.chance(0.2) ? { ...sink, events: drawEvents(sink, dice) } : sink));
  const other = dice.fork(`digests of ${JSON.stringify([sources, sinks].map((some) => some.map(({ name }) => name)))}`);
  return { ...setup, sources, sinks: sinks.map((sink) => withOtherDigest(sink, other)) };
}

function drawEvents({ name }: SinkPlan, dice: Dice): readonly EventType[] {
  const told = TOLD_TYPES.filter(() => dice.chance(0.6));
  return name === WITNESS_SINK ? [...told, ...OPERATOR_TYPES] : told;
}

/** The same, with polls that are further apart: what is left to do takes its time, and polls would fill it. */
export function slowPlan(plan: Plan, periodMs: number): Plan {
  const schedule = String(periodMs);
  const fullWalk = String(4 * periodMs);
  return {
    ...plan,
    sources: plan.sources.map((source) => ({ ...source, schedule, fullWalk, whileProcessing: undefined })),
  };
}

export function configOf(plan: Plan, definitions: Definitions): Config {
  return {
    ...TEMPLATE.config,
    keepDeliveredMs: plan.keepDeliveredMs,
    keepDeadMs: plan.keepDeadMs,
    floodLimit: plan.floodLimit,
    sources: plan.sources.map(({ size, roomId, ...source }) => ({
      ...source,
      definition: definitions.source,
      settings: settingsOf(source.name, size, roomId),
    })),
    sinks: plan.sinks.map((sink) => ({ ...sink, definition: definitions.sink, settings: { name: sink.name } })),
  };
}

const settingsMade = new Map<string, unknown>();

function settingsOf(name: string, size: number, roomId: string | undefined): unknown {
  const key = JSON.stringify([name, size, roomId]);
  const made = settingsMade.get(key) ?? parseSettings(name, size, roomId);
  settingsMade.set(key, made);
  return made;
}

function parseSettings(name: string, size: number, roomId: string | undefined): unknown {
  const baseUrl = `https://${name}.example`;
  return superviz.settings.parse({ baseUrl, auth: { clientId: 'c', secret: SECRET }, roomId, paging: { size } });
}

/** A config as the product makes it, so that what is not drawn is as it is by default. */
function template() {
  const written = {
    sources: { source: { auth: { clientId: 'c', secret: 's' } } },
    sinks: { sink: { type: 'webhook', url: 'https://example.com' } },
    store: 'memory',
  };
  const loaded = loadTree(objectTree(written, 'simulation'));
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const [source] = loaded.config.sources;
  const [sink] = loaded.config.sinks;
  if (source === undefined || sink === undefined) throw new Error('the config has no source or no sink');
  return { config: loaded.config, source, sink };
}
