import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.js';
import type { AlarmRecord } from '../core/alarm-record.js';
import { type Delivery, isDiscarded } from '../core/delivery.js';
import type { Pause } from '../core/pause.js';
import type { SinkState } from '../core/suspension.js';
import { timeFromNow } from '../core/time-words.js';
import { within } from '../server/within.js';
import { sizeWords } from '../sinks/text.js';
import { createLedger } from '../store/ledger.js';
import { type OpenedStore, originOf } from '../store/open.js';
import { systemClock } from '../system.js';
import { allDeliveries } from '../views/all-deliveries.js';
import { pausedText } from '../views/pause-words.js';
import type { CommandContext } from './command.js';
import { type Check, checkOf, looked, ok, warn } from './doctor-report.js';
import { tryStore } from './trials.js';
import { addTo, heldText, sourceOf } from './waiting.js';

/** What the store knows of sources and sinks, and what a look at it found. Filled while it is looked at: what could be read is there. */
export interface StoreLook {
  checks: readonly Check[];
  isOwned: boolean;
  /** How far our clock is before that of the store's server; undefined: it has none of its own. */
  aheadMs: number | undefined;
  sinkStates: ReadonlyMap<string, SinkState>;
  alarms: readonly AlarmRecord[];
  pauses: readonly Pause[];
}

export async function lookAtStore(config: Config, context: CommandContext): Promise<StoreLook> {
  const look: StoreLook = {
    ...{ checks: [], isOwned: false, aheadMs: undefined },
    ...{ sinkStates: new Map(), alarms: [], pauses: [] },
  };
  const further: Check[] = [];
  const wroteAtMs = writtenLastMs(config, context);
  const checks = await looked('store', async () =>
    (
      await tryStore(config.store, context, async (opened, isOwned) => {
        look.isOwned = isOwned;
        further.push(...(await originChecks(opened, isOwned, wroteAtMs, config)), ...sizeChecks(config, context));
        await readStates(opened, look);
        further.push(...look.pauses.map((pause) => warn(`${pause.kind}s.${pause.name}`, pausedText(pause, config))));
        further.push(...(await countedInTime(opened)));
      })
    ).map((trial) => checkOf('store', trial)),
  );
  look.checks = [...checks, ...further];
  return look;
}

async function originChecks(
  { store }: OpenedStore,
  isOwned: boolean,
  wroteAtMs: number,
  { sources }: Config,
): Promise<readonly Check[]> {
  const { meta, owner } = await originOf(store);
  const nowMs = systemClock.nowMs();
  const made = meta === undefined ? [] : [`version ${meta.version}, made ${timeFromNow(meta.createdAtMs, nowMs)}`];
  const had =
    owner === undefined
      ? []
      : [
          `${isOwned ? 'owner' : 'last owner'} process ${owner.pid} on ${owner.host}, since ${timeFromNow(owner.sinceMs, nowMs)}${owner.endedAtMs === undefined ? '' : `, ended ${timeFromNow(owner.endedAtMs, nowMs)}`}`,
        ];
  const known = ok('store', [...made, ...had].join('; '));
  if (isOwned || owner === undefined || owner.endedAtMs !== undefined) return [known];
  const ledger = createLedger(store);
  const walks = await Promise.all(sources.map(({ name }) => ledger.walkMark(name)));
  const signsMs = [owner.sinceMs, wroteAtMs, ...walks.map((walk) => walk?.fullAtMs ?? 0)];
  const lastSign = new Date(Math.max(...signsMs)).toISOString();
  const ended = `nothing runs; the last program ended without a word, after ${lastSign}: it was killed, or its machine went down. See in the system's log what ended it, and start "run"`;
  return [known, warn('store', ended)];
}

/** Of a killed owner the write-ahead log is left, until the next one who looks; milliseconds since 1970, 0 where there is none. */
function writtenLastMs({ store }: Config, { cwd }: CommandContext): number {
  if (store.kind !== 'sqlite') return 0;
  return Math.floor(statSync(`${resolve(cwd, store.file)}-wal`, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** The file with what is not yet worked into it. */
function sizeChecks({ store }: Config, { cwd }: CommandContext): readonly Check[] {
  if (store.kind !== 'sqlite') return [];
  const sizes = ['', '-wal'].map(
    (end) => statSync(resolve(cwd, store.file) + end, { throwIfNoEntry: false })?.size ?? 0,
  );
  return [ok('store', `its file has ${sizeWords(sizes.reduce((sum, size) => sum + size, 0))}`)];
}

async function readStates({ store, serverNowMs }: OpenedStore, look: StoreLook): Promise<void> {
  const ledger = createLedger(store);
  const askedAtMs = systemClock.nowMs();
  const serverMs = await serverNowMs?.();
  look.aheadMs = serverMs === undefined ? undefined : (askedAtMs + systemClock.nowMs()) / 2 - serverMs;
  look.sinkStates = await ledger.sinkStates();
  look.alarms = await ledger.alarms();
  look.pauses = await ledger.pauses();
}

/** In a large store it takes longer than anybody waits. */
const COUNT_MS_MAX = 5_000;

async function countedInTime(opened: OpenedStore): Promise<readonly Check[]> {
  const late = `counting takes more than ${COUNT_MS_MAX / 1_000} s; "recordings" and "deliveries" list what there is`;
  return (await within(countChecks(opened), COUNT_MS_MAX, { clock: systemClock })) ?? [warn('deliveries', late)];
}

async function countChecks({ store }: OpenedStore): Promise<readonly Check[]> {
  const ledger = createLedger(store);
  let recordings = 0;
  for await (const _ of ledger.allRecordings()) recordings += 1;
  const counts = { pending: 0, held: 0, delivered: 0, dead: 0 };
  const held = new Map<string, number>();
  let discarded = 0;
  let oldest: Delivery | undefined;
  for await (const delivery of allDeliveries(ledger)) {
    counts[delivery.state] += 1;
    if (isDiscarded(delivery)) discarded += 1;
    if (delivery.state === 'held') addTo(held, sourceOf(delivery));
    const waits =
      delivery.state === 'pending' && delivery.createdAtMs < (oldest?.createdAtMs ?? Number.POSITIVE_INFINITY);
    if (waits) oldest = delivery;
  }
  const { pending, delivered, dead } = counts;
  const oldestWords =
    oldest === undefined
      ? ''
      : `, the oldest for ${oldest.sink}, made ${timeFromNow(oldest.createdAtMs, systemClock.nowMs())}`;
  return [
    ok('recordings', `${recordings} remembered`),
    ok('deliveries', `${delivered} delivered, ${pending} pending${oldestWords}`),
    ...deadChecks(dead - discarded, discarded),
    ...[...held].map(([source, count]) => warn(`sources.${source}`, heldText(source, count))),
  ];
}

/** What somebody discarded is dead as well, and no trouble. */
function deadChecks(givenUp: number, discarded: number): readonly Check[] {
  const spared = discarded === 0 ? '' : ' --not-discarded';
  return [
    ...(discarded === 0
      ? []
      : [ok('deliveries', `${discarded} discarded by hand, which "redeliver --dead" would send`)]),
    ...(givenUp === 0
      ? []
      : [
          warn(
            'deliveries',
            `${givenUp} dead: "deliveries --state dead" lists them, "redeliver --dead${spared}" sends them again`,
          ),
        ]),
  ];
}
