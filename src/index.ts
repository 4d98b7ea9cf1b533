/** The library: everything that is public, and nothing else is. */

import './require-node.js';

export { z } from 'zod';
export type { Problem } from './config/problem.js';
export type { EventType, NotifierEvent, RecordingEvent, RecordingEventType } from './core/event.js';
export type { Delivered, Failed, FailureReason, Outcome, Progress } from './core/failure.js';
export type { DeliveryId, DigestId, EventId, RecordingUuid } from './core/id.js';
export type {
  DeadDelivery,
  DeadEvent,
  OperatorEvent,
  OperatorEventType,
  SinkEvent,
  SourceEvent,
} from './core/operator-event.js';
export type { PauseLine, PauseResult } from './core/order.js';
export type { PausableKind } from './core/pause.js';
export type { PollReport } from './engine/poll-report.js';
export type { EventOf, Listener } from './library/listeners.js';
export { ConfigError, createNotifier, type Notifier } from './library/notifier.js';
export type {
  LogSettings,
  NotifierConfig,
  NotifierOptions,
  OwnLog,
  SinkOptions,
  SourceOptions,
} from './library/options.js';
export type {
  Clock,
  HttpAnswer,
  HttpBodyError,
  HttpClient,
  HttpFailure,
  HttpOpenRequest,
  HttpRequest,
  HttpStream,
  LogFields,
  Programs,
} from './ports.js';
export { boolean, duration, httpUrl, integer, number, secret } from './settings.js';
export type { Digest, RenderedPart, SinkContext, SinkDefinition, SinkTemplate } from './sinks/define.js';
export { defineOwnSink as defineSink, type OwnSink } from './sinks/own.js';
export type { NotWanted, Reader } from './source/answer.js';
export {
  type FirstLook,
  type SeenRow,
  type SourceContext,
  type SourceDefinition,
  SourceError,
  type SourceFailureKind,
} from './source/define.js';
export {
  type AskJson,
  type Credential,
  createJsonRequest,
  fixedCredential,
  type JsonAnswer,
  type JsonRequest,
  type JsonRequestOptions,
} from './source/json-request.js';
export {
  defineOwnSource as defineSource,
  type OwnEnd,
  type OwnPage,
  type OwnSource,
  type OwnSourceContext,
  type OwnSourceType,
} from './source/own.js';
export { OwnedError, StoreError } from './store/errors.js';
export { applyTemplate, liquid } from './template/use.js';
