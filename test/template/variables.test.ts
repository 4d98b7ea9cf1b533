import { sampleFor } from '../../src/commands/sample.js';
import { EVENT_TYPES, type EventType } from '../../src/core/event.js';
import { VARIABLES, variablesOf } from '../../src/template/variables.js';

const types = Object.keys(EVENT_TYPES) as EventType[];

function isOf(of: string, type: EventType): boolean {
  const isRecording = type.startsWith('recording.');
  if (of === 'every event') return true;
  if (of === 'operator events') return !isRecording;
  return of.split(', ').some((each) => each === type || (each.endsWith('*') && type.startsWith(each.slice(0, -1))));
}

/** `recording.uuid`, but a list or the whole event as one. */
function namesIn(variables: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && name !== 'event';
    return isMap ? Object.keys(value).map((key) => `${name}.${key}`) : [name];
  });
}

test.each(types)('the table says what %s has, and nothing else', (type) => {
  const documented = VARIABLES.filter(({ of }) => isOf(of, type)).map(({ name }) => name);
  const given = namesIn(variablesOf(sampleFor({ events: [type], includeUrl: true }, 0), 'json'));
  expect(given.toSorted()).toEqual(documented.toSorted());
});
