import { type EventType, isRecordingEvent, type NotifierEvent } from '../core/event.js';
import type { DeliveryId, EventId, RecordingUuid } from '../core/id.js';
import { sampleOf } from '../core/sample.js';
import { engine } from './engine.js';
import { type Place, placeOfType } from './places.js';
import { readTemplate, renderTemplate, type Template, TemplateError, type TemplateFlaw } from './template.js';
import { VARIABLES } from './variables.js';

export { type Place, placeOfType };

/** What a sink does with its templates. */
export interface TemplateUse {
  readonly events: readonly EventType[];
  readonly includeUrl: boolean;
  readonly timezone: string;
}

/** What is wrong with a template for the events that its sink gets; the flaws of its text, or else those of what it makes. */
export function templateFlaws(source: string, place: Place, use: TemplateUse): readonly TemplateFlaw[] {
  const { template, flaws } = readTemplate(source, place);
  if (template === undefined) return flaws;
  const unknown = unknownVariables(template);
  return unknown.length > 0 ? unknown : unrendered(template, use);
}

const NAMES = VARIABLES.map(({ name }) => name);
const ROOTS = [...new Set(NAMES.map((name) => name.split('.')[0] ?? ''))];

/** Names that no event has, wherever they stand. */
function unknownVariables({ parts }: Template): TemplateFlaw[] {
  const found = Object.values(engine().analyzeSync(parts, { partials: false }).globals).flat();
  return found.flatMap(({ segments, location }) => {
    const names = segments.map((segment) => (typeof segment === 'object' ? undefined : String(segment)));
    const word = unknownPart(names);
    if (word === undefined) return [];
    const hint = `known are ${ROOTS.join(', ')}; config/REFERENCE.md says what they are`;
    return [
      {
        line: location.row,
        column: location.col,
        problem: 'names a variable that no event has',
        unknown: { word, known: NAMES },
        hint,
      },
    ];
  });
}

/** `recording.rom`, if nothing is called so; what a list or a text has besides is not looked at. */
function unknownPart([root = '', key]: readonly (string | undefined)[]): string | undefined {
  if (!ROOTS.includes(root)) return key === undefined ? root : `${root}.${key}`;
  const isMap = NAMES.some((name) => name.startsWith(`${root}.`));
  if (!isMap || key === undefined || NAMES.includes(`${root}.${key}`)) return undefined;
  return `${root}.${key}`;
}

/** One flaw at most for each type of event: the next one may follow from it. */
function unrendered(template: Template, { events, includeUrl, timezone }: TemplateUse): TemplateFlaw[] {
  const flaws = events.flatMap((type) => {
    for (const event of samplesOf(type, includeUrl)) {
      const flaw = flawIn(template, event, timezone);
      if (flaw !== undefined) return [{ ...flaw, type }];
    }
    return [];
  });
  const said = ({ type: _, ...flaw }: (typeof flaws)[number]) => JSON.stringify(flaw);
  const firsts = flaws.filter((flaw, index) => flaws.findIndex((other) => said(other) === said(flaw)) === index);
  return firsts.map(({ type, ...flaw }) => ({ ...flaw, problem: `${flaw.problem} for ${type}` }));
}

function flawIn(template: Template, event: NotifierEvent, timezone: string): TemplateFlaw | undefined {
  try {
    renderTemplate(template, event, timezone);
    return undefined;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { flaw } = error;
    const root = flaw.about?.split('.')[0];
    const isGuarded = root !== undefined && ROOTS.includes(root);
    const hint = isGuarded ? `put it in {% if ${root} %}…{% endif %}` : flaw.hint;
    return { ...flaw, ...(hint !== undefined && { hint }) };
  }
}

const IDS = {
  event: 'evt_test_4f1c0f6f2f0e4f0c9a3b7d5e' as EventId,
  uuid: 'test-4f1c0f6f' as RecordingUuid,
  delivery: 'dlv_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d' as DeliveryId,
} as const;
const NOW_MS = 1_715_620_744_120;

/** Breaks every syntax that it gets into. */
const HOSTILE = '"}],</a>&\'\\\n{{ x }}';

/** An event with everything, one in which everything is missing that may be, and one of an enemy. */
function samplesOf(type: EventType, includeUrl: boolean): readonly NotifierEvent[] {
  const full = sampleOf(type, IDS, includeUrl, NOW_MS);
  if (!isRecordingEvent(full)) return [full];
  const { data } = full;
  const sparse = { roomId: null, meetingId: null, createdAt: null, url: null, urlExpiresAt: null };
  const hostile = { uuid: HOSTILE as RecordingUuid, roomId: HOSTILE, meetingId: HOSTILE, createdAt: HOSTILE };
  return [
    full,
    { ...full, data: { ...data, recording: { ...data.recording, ...sparse }, previousStatus: null } },
    { ...full, data: { ...data, recording: { ...data.recording, ...hostile }, previousStatus: HOSTILE } },
  ];
}
