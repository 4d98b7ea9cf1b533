import type { ReceivedMessage } from '../../src/fake/receiver.js';
import type { LogLine } from '../support/child-program.js';
import { type Answer, createJournal, judge } from './kill-journal.js';

const FINE = { expected: 1, missing: [], invented: [], repeated: 0, repeatedMax: 0, broken: 0, unexplained: [] };
const SINK = 'hook';

type Step = Answer | 'noted' | 'kill' | 'silence' | 'other';

/** What happens to the one message that is expected, step by step. */
function verdictOf(steps: readonly Step[]) {
  const journal = createJournal();
  for (const step of steps) {
    if (step === 'kill') journal.begin();
    else if (step === 'noted')
      journal.note([{ level: 'info', msg: 'delivered', sink: SINK, event: 'evt_1' }] as LogLine[]);
    else {
      const id = step === 'other' ? 'evt_2' : 'evt_1';
      const arrival = journal.arrived(SINK, { id } as ReceivedMessage);
      arrival.answer = step === 'silence' ? undefined : step === 'other' ? 'yes' : step;
    }
  }
  return judge(journal.arrivals, new Map([[SINK, new Set(['evt_1'])]]));
}

test.each<{ name: string; steps: Step[]; want: object }>([
  { name: 'taken once is fine', steps: ['yes', 'noted'], want: {} },
  { name: 'taken after a no is no repeat', steps: ['no', 'yes', 'noted'], want: {} },
  { name: 'a broken connection explains a repeat', steps: ['dropped', 'yes'], want: { broken: 1 } },
  {
    name: 'a kill before the note explains a repeat',
    steps: ['yes', 'kill', 'yes'],
    want: { repeated: 1, repeatedMax: 1 },
  },
  {
    name: 'each kill explains its own',
    steps: ['yes', 'kill', 'yes', 'kill', 'yes'],
    want: { repeated: 2, repeatedMax: 1 },
  },
  { name: 'a kill before the answer is no repeat', steps: ['silence', 'kill', 'yes'], want: {} },
  { name: 'never taken is missing', steps: ['no', 'kill', 'silence'], want: { missing: ['hook evt_1'] } },
  { name: 'never sent is missing', steps: [], want: { missing: ['hook evt_1'] } },
  { name: 'what nobody expects is invented', steps: ['yes', 'other'], want: { invented: ['hook evt_2'] } },
  {
    name: 'a repeat without a kill is not explained',
    steps: ['yes', 'yes'],
    want: { repeated: 1, repeatedMax: 1, unexplained: ['hook evt_1'] },
  },
  {
    name: 'nor is one after the note, whatever was killed then',
    steps: ['yes', 'noted', 'kill', 'yes'],
    want: { repeated: 1, repeatedMax: 1, unexplained: ['hook evt_1'] },
  },
  {
    name: 'nor one that is sent while the first is not answered',
    steps: ['silence', 'yes'],
    want: { unexplained: ['hook evt_1'] },
  },
])('judge: $name', ({ steps, want }) => {
  expect(verdictOf(steps)).toEqual({ ...FINE, ...want });
});
