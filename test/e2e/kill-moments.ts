import { setImmediate } from 'node:timers/promises';
import type { Dice } from '../sim/dice.js';
import type { Program } from '../support/child-program.js';
import type { Stage } from '../support/stage.js';
import type { Stop } from '../support/wire.js';
import { pause, type Scene } from './kill-scene.js';
import type { StagedStore } from './kill-stores.js';

/** How long a start takes, about. */
const START_MS_MAX = 600;
/** After what a random moment waits for. */
const OFFSET_MS_MAX = 60;

export type Where = 'first poll' | 'random' | 'mid-write' | 'mid-delivery';

/** What a kill waits for. */
export interface Moment {
  readonly where: Where;
  /** Prepares itself before it first waits. */
  wait(program: Program): Promise<unknown>;
  /** To be called once it is done. */
  afterwards?(): void;
}

/** What a moment is found in. */
export interface Story {
  readonly stage: Stage;
  readonly scene: Scene;
  readonly store: StagedStore;
  readonly dice: Dice;
}

/** The commit point of a poll. Statements of a store on a server are known by the keys in them; only what writes carries values. */
export const NEW_DELIVERIES = (sent: string) => hasValue(sent) && sent.includes('out/') && sent.includes('rec/');
const STATEMENTS: Readonly<Record<string, (sent: string) => boolean>> = {
  'new deliveries and states': NEW_DELIVERIES,
  'a result': (sent) => hasValue(sent) && sent.includes('fin/'),
  'the removal of what is finished': (sent) => !hasValue(sent) && sent.includes('out/') && /EVAL|DELETE/.test(sent),
};
const FIRST_STATES = (sent: string) => hasValue(sent) && sent.includes('rec/');
const STOPS: readonly Stop[] = ['request', 'answer'];

function hasValue(sent: string): boolean {
  return /\{\\?"value\\?":/.test(sent);
}

export function momentsOf(story: Story): readonly Moment[] {
  return [...randomOnes(story), asked(story), answered(story), ...writes(story)];
}

/** In the first poll; or when it is over, which may have come sooner. */
export function firstPollMoments({ stage, scene, store, dice }: Story): readonly Moment[] {
  const { wire } = store;
  const isOver = (program: Program) => program.log.some(({ msg }) => /^(first poll complete|poll without)/.test(msg));
  const asksForPage: Moment = {
    where: 'first poll',
    wait: async (program) => {
      const requests = scene.api.requestCount + dice.int(0, 11);
      await stage.until('a page is asked for', () => scene.api.requestCount > requests || isOver(program));
      await pause(dice.int(0, OFFSET_MS_MAX));
    },
  };
  if (wire === undefined) return [asksForPage];
  const storesPage = STOPS.map(
    (stop): Moment => ({
      where: 'first poll',
      wait: (program) => {
        wire.stopAt(stop, FIRST_STATES);
        return stage.until(`the ${stop} of a first write is stopped`, () => wire.hasStopped || isOver(program));
      },
    }),
  );
  return [...storesPage, asksForPage];
}

function randomOnes({ stage, scene, dice }: Story): Moment[] {
  const offset = () => pause(dice.int(0, OFFSET_MS_MAX));
  return [
    { where: 'random', wait: () => pause(dice.int(0, START_MS_MAX)) },
    {
      where: 'random',
      wait: async () => {
        const requests = scene.api.requestCount;
        await stage.until('a page is asked for', () => scene.api.requestCount > requests);
        await offset();
      },
    },
    {
      where: 'random',
      wait: async ({ log }) => {
        const lines = log.length;
        await stage.until('a delivery is over', () => log.slice(lines).some(({ msg }) => msg === 'delivered'));
        await offset();
      },
    },
  ];
}

/** The receiver has the message and has not answered. */
function asked({ stage, scene }: Story): Moment {
  let release = () => {};
  return {
    where: 'mid-delivery',
    wait: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      let isAsked = false;
      scene.holdNext(() => {
        isAsked = true;
        stage.check();
        return promise;
      });
      await stage.until('a message has come', () => isAsked);
    },
    afterwards: () => release(),
  };
}

/** The receiver's yes has been sent, and the program, which is stopped, has not read it. */
function answered({ stage, scene }: Story): Moment {
  return {
    where: 'mid-delivery',
    wait: async (program) => {
      let isStopped = false;
      scene.holdNext(async () => {
        program.kill('SIGSTOP');
        isStopped = true;
        stage.check();
      });
      await stage.until('the program is stopped', () => isStopped);
      // The answer is written in the turn after that.
      for (let turns = 0; turns < 3; turns += 1) await setImmediate();
    },
  };
}

function writes({ stage, scene, store }: Story): Moment[] {
  const { wire } = store;
  if (wire !== undefined) {
    return Object.entries(STATEMENTS).flatMap(([name, fits]) =>
      STOPS.map(
        (stop): Moment => ({
          where: 'mid-write',
          wait: () => {
            wire.stopAt(stop, fits);
            return stage.until(`the ${stop} of ${name} is stopped`, () => wire.hasStopped);
          },
        }),
      ),
    );
  }
  const counts = [() => scene.api.requestCount, () => scene.journal.arrivals.length];
  return counts.map(
    (count): Moment => ({
      where: 'mid-write',
      wait: async () => {
        const before = count();
        await stage.until('there is something to write', () => count() > before);
        const written = store.writes();
        await stage.until('the file is written', () => store.writes() > written);
      },
    }),
  );
}
