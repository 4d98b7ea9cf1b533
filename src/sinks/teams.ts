import { z } from 'zod';
import { httpUrl } from '../settings.js';
import { defineSink } from './define.js';
import { ask, objectOf, type Service } from './json-service.js';
import { teamsMessage } from './teams-message.js';

/**
 * What Power Automate says in `error.code`, and what mends it. There is no list of these codes; they are those that callers of flows
 * report. All of them are for a person to mend in the flow or its URL, so that no message is given up for them.
 *
 * @see https://learn.microsoft.com/en-us/power-automate/error-reference
 * @see https://learn.microsoft.com/en-us/azure/connectors/connectors-native-reqres
 */
const HINT_BY_CODE: ReadonlyMap<unknown, string> = new Map([
  ['WorkflowTriggerIsNotEnabled', 'the flow is turned off or deleted'],
  ['WorkflowNotFound', 'the flow is gone: copy its URL again'],
  ['DirectApiAuthorizationRequired', 'let anyone trigger the flow, and copy its whole URL'],
  ['DirectApiInvalidAuthorizationScheme', 'let anyone trigger the flow, and copy its whole URL'],
  ['DirectApiInvalidAuthorizationSignature', 'copy the whole URL of the flow'],
  ['TriggerInputSchemaMismatch', 'take the schema out of the trigger of the flow'],
]);

/** Of a 429 that came as a 200. */
const FAILED_AFTER_ALL = /endpoint returned HTTP error \d/;

/** What says no in another way: 404 for a flow that is gone, 401 and 403 for one that not everybody may trigger. */
const REFUSING_STATUSES: readonly number[] = [401, 403, 404];

/** A flow answers 202 without a body, or what its author wants. */
const TEAMS: Service = {
  name: 'Teams',
  isYes: ({ text }) => !text.trimStart().startsWith('<') && !FAILED_AFTER_ALL.test(text),
  refusalOf(status, said) {
    const code = objectOf(said['error'])?.['code'];
    if (typeof code !== 'string') return undefined;
    const hint = HINT_BY_CODE.get(code);
    if (hint !== undefined) return { reason: 'destination_refused', words: `${code}, ${hint}` };
    return REFUSING_STATUSES.includes(status)
      ? { reason: 'destination_refused', words: 'the flow is not there, or not for everybody' }
      : undefined;
  },
};

const RETIRED_HOST = /(?:^|\.)webhook\.office\.com$/;

export const teams = defineSink({
  type: 'teams',
  summary: 'Posts each event to a Teams channel or chat as an Adaptive Card, through a workflow.',
  settings: z.strictObject({
    url: httpUrl().describe(
      'Of a workflow “Send webhook alerts to a channel” that anyone may trigger; whoever knows it can post.',
    ),
  }),
  example: 'url: ${TEAMS_WORKFLOW_URL}\n',
  concurrency: 1,
  rate: '1/s',
  notices({ url }) {
    const isRetired = RETIRED_HOST.test(new URL(url).hostname);
    return isRetired ? ['Its URL is of an Office 365 connector, which Microsoft has retired: make a workflow.'] : [];
  },
  deliver(event, context) {
    const { settings, timeoutMs, timezone } = context;
    return ask(TEAMS, { url: settings.url, body: teamsMessage(event, timezone), timeoutMs }, context);
  },
  async connect({ settings: { url }, http, timeoutMs, signal }) {
    return (await http.connect(url, timeoutMs, signal))?.detail;
  },
});
