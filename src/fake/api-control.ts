import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { FakeApi } from './api.js';
import { sendJson } from './api-faults.js';
import { type ControlCommand, controlCommand } from './api-schema.js';

const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** What the control route shows; GET the requests as well. */
export interface ControlState {
  readonly recordings: number;
  readonly faultsWaiting: number;
  readonly mode: unknown;
}

/**
 * `/_control`: GET shows the state and the requests that came; POST takes a command of `api-schema.ts` and shows the state after it,
 * with the uuids of what it added.
 *
 *     curl -d '{"add":[{"roomId":"lobby"}],"faults":[{"fault":{"kind":"bad_gateway"},"times":3}]}' URL/_control
 */
export async function answerControl(
  api: FakeApi,
  state: () => ControlState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    return sendJson(response, 200, { ...state(), requestCount: api.requestCount, requests: api.requests });
  }
  const command = parseCommand(await readBody(request));
  if ('problem' in command) return sendJson(response, 400, { statusCode: 400, message: command.problem });
  try {
    const added = obey(api, command.value);
    sendJson(response, 200, { ...(added.length > 0 && { added }), ...state(), requestCount: api.requestCount });
  } catch (error) {
    sendJson(response, 409, { statusCode: 409, message: (error as Error).message });
  }
}

/** @returns the uuids of what it added */
function obey(api: FakeApi, { add = [], update, remove, mode, faults, clearFaults }: ControlCommand): string[] {
  if (clearFaults) api.clearFaults();
  if (mode) api.mode(mode);
  const added = add.map((recording) => api.recordings.add(recording));
  for (const { uuid, ...change } of update ?? []) api.recordings.update(uuid, change);
  for (const uuid of remove ?? []) api.recordings.remove(uuid);
  for (const { fault, ...times } of faults ?? []) api.fault(fault, times);
  return added;
}

function parseCommand(body: string | undefined): { readonly value: ControlCommand } | { readonly problem: string } {
  if (body === undefined) return { problem: `the body is longer than ${BODY_BYTES_MAX} bytes` };
  const parsed = controlCommand.safeParse(parseJson(body));
  return parsed.success ? { value: parsed.data } : { problem: z.prettifyError(parsed.error) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
