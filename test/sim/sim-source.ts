import type { Source, SourceContext, SourceDefinition, WalkEnd } from '../../src/source/define.js';
import { superviz } from '../../src/source/superviz.js';
import { type HandedOut, handedOutBy } from './platform.js';

/** Whoever looks on while a source is polled. */
export interface WalkWitness {
  walkBegins(source: string, scope: string): void;
  /** The product has this page now. */
  pageShown(source: string, page: HandedOut): void;
  /** It asked for more, so that it has done with this page whatever it wanted. */
  pageSurvived(source: string): void;
  walkEnds(source: string, end: WalkEnd): void;
  /** It wants no more of the list, and has done with what it has. */
  walkStops(source: string): void;
  /** It has what the list holds of a meeting, and takes it or leaves it. */
  meetingShown(source: string, answer: HandedOut): void;
}

/** What a test puts between the real source and the engine. */
export type SourceTwist = (source: Source) => Source;

/** The real source, over HTTP, with somebody who looks on. Quick retries come without a wait: theirs are of the ambient clock. */
export function sourceDefinitionFor(witness: WalkWitness, twist: SourceTwist = (source) => source) {
  const definition: SourceDefinition = {
    ...superviz,
    open: (context) => {
      const hurried = { ...(context as SourceContext<never>), quickRetryDelayMs: 0 };
      return { ...twist(open(hurried, witness)), look: superviz.open(hurried).look };
    },
  };
  return definition;
}

function open(context: SourceContext<never>, witness: WalkWitness): Source {
  const { name, http } = context;
  let last: HandedOut | undefined;
  const watched = superviz.open({
    ...context,
    http: {
      ...http,
      request: async (request) => {
        const answer = await http.request(request);
        last = handedOutBy(answer);
        return answer;
      },
    },
  });
  return {
    scope: watched.scope,
    credentialExpiresAtMs: watched.credentialExpiresAtMs,
    find: superviz.open(context).find,
    ofMeeting: async (meetingId, signal) => {
      if (watched.ofMeeting === undefined) throw new Error('the real source can be asked for a meeting');
      const page = await watched.ofMeeting(meetingId, signal);
      if (last !== undefined) witness.meetingShown(name, last);
      return page;
    },
    async *walk(signal) {
      witness.walkBegins(name, watched.scope);
      const walk = watched.walk(signal);
      let isOver = false;
      try {
        for (let step = await walk.next(); ; step = await walk.next()) {
          if (step.done) {
            isOver = true;
            witness.walkEnds(name, step.value);
            return step.value;
          }
          if (last === undefined) throw new Error('a page came out of no answer');
          witness.pageShown(name, last);
          yield step.value;
          witness.pageSurvived(name);
        }
      } catch (error) {
        isOver = true;
        throw error;
      } finally {
        if (!isOver) witness.walkStops(name);
      }
    },
  };
}
