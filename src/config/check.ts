import type { z } from 'zod';
import type { UnusableType } from '../own-module.js';
import type { SinkDefinition, SinkTemplate } from '../sinks/define.js';
import type { SourceDefinition } from '../source/define.js';
import { DEFAULT_SOURCE_TYPE } from '../source/registry.js';
import { type TemplateUse, templateFlaws } from '../template/check.js';
import type { Config, SinkConfig, SourceConfig } from './config.js';
import { explain, type Finding, isRecord, NO_MESSAGE, valueAt } from './explain.js';
import { type JsonSchema, jsonSchemaOf, keysOf, schemasAt } from './json-schema.js';
import { isLoopback, readListen } from './listen.js';
import type { Path, Problem } from './problem.js';
import { DEFAULT_LISTEN, fileKeys, serverKeys, sinkKeys, sourceKeys } from './schema.js';
import { lonelyQueue, queueOf, storeOf } from './store-and-queue.js';
import type { Tree } from './tree.js';
import { findUnavailable } from './unavailable.js';
import { kindOf, listed, suggestion, VALUELESS } from './words.js';

/** The types of source and sink that a config may name. */
export interface Types {
  readonly sourceTypes: readonly SourceDefinition[];
  readonly sinkTypes: readonly SinkDefinition[];
  /** Modules that the config names and that gave no type. */
  readonly unusable?: { readonly sources: readonly UnusableType[]; readonly sinks: readonly UnusableType[] };
}

export type Checked = { readonly config: Config } | { readonly problems: readonly Problem[] };

/** Checks everything and makes the config of it, or says all that is wrong, in no order. */
export function checkTree(tree: Tree, types: Types): Checked {
  if (tree.isUnreadable) return { problems: tree.problems };
  const checker = new Checker(tree);
  const root = tree.value ?? {};
  const file = checker.parse(fileKeys, root, []);
  const entries = <Entry>(key: 'sources' | 'sinks', check: (name: string, entry: unknown) => Entry | undefined) =>
    Object.entries(recordAt(root, key)).map(([name, entry]) => check(name, entry));
  const sources = entries('sources', (name, entry) => checkSource(checker, name, entry, types));
  const sinks = entries('sinks', (name, entry) => checkSink(checker, name, entry, types));
  checker.refuseOpenServer(valueAt(root, ['server']));
  if (file !== undefined) checker.refuseLonelyQueue(file);
  const problems = [...tree.problems, ...checker.problems];
  if (file === undefined || problems.length > 0) return { problems };
  return { config: configOf(tree.file, file, sources.filter(isDefined), sinks.filter(isDefined)) };
}

function recordAt(root: unknown, key: string): Record<string, unknown> {
  const value = valueAt(root, [key]);
  return isRecord(value) ? value : {};
}

function configOf(
  file: string,
  { delivery, heartbeat, network, log, queue, server, store }: z.output<typeof fileKeys>,
  sources: readonly SourceConfig[],
  sinks: readonly CheckedSink[],
): Config {
  return {
    file,
    sources,
    sinks: sinks.map(({ retries, timeout, ...sink }) => ({
      ...sink,
      timeoutMs: timeout ?? delivery.timeout,
      retry: { delaysMs: retries ?? delivery.retries, jitterRatio: delivery.jitter },
    })),
    store: storeOf(store),
    keepDeliveredMs: delivery.keepDelivered,
    keepDeadMs: delivery.keepDead,
    floodLimit: delivery.floodLimit,
    heartbeat: heartbeat === 'off' ? undefined : heartbeat,
    queue: queueOf(queue, store),
    server: {
      listen: readListen(server.listen ?? DEFAULT_LISTEN),
      isDefault: server.listen === undefined,
      token: server.token,
    },
    privateAddresses: network.privateAddresses,
    log: { level: log.level, format: log.format ?? 'auto' },
  };
}

function checkSource(
  checker: Checker,
  name: string,
  entry: unknown,
  { sourceTypes, unusable }: Types,
): SourceConfig | undefined {
  const path = ['sources', name];
  const parts = checker.split(entry, path, sourceKeys);
  if (parts === undefined) return undefined;
  const type = parts.type ?? DEFAULT_SOURCE_TYPE;
  const definition = checker.definition(type, path, sourceTypes, 'source', unusable?.sources);
  const common = checker.parse(sourceKeys, parts.common, path);
  const settings = definition && checker.parse(definition.settings, parts.settings, path, parts.otherKeys);
  if (definition === undefined || common === undefined || settings === undefined) return undefined;
  const { schedule, whileProcessing, fullWalk, timezone, firstPoll, stuckAfter, emptyList, hookToken } = common;
  return {
    name,
    definition,
    settings,
    ...{ keyNames: checker.keyNames(parts.settings, path), schedule },
    whileProcessing: whileProcessing === 'off' ? undefined : whileProcessing,
    fullWalk,
    timezone,
    firstPoll,
    stuckAfterMs: stuckAfter,
    emptyList,
    hookToken,
  };
}

/** A sink whose timeout and retries may still come from `delivery`. */
type CheckedSink = Omit<SinkConfig, 'timeoutMs' | 'retry'> & Pick<z.output<typeof sinkKeys>, 'timeout' | 'retries'>;

function checkSink(
  checker: Checker,
  name: string,
  entry: unknown,
  { sinkTypes, unusable }: Types,
): CheckedSink | undefined {
  const path = ['sinks', name];
  const parts = checker.split(entry, path, sinkKeys);
  if (parts === undefined) return undefined;
  const definition = checker.definition(parts.type, path, sinkTypes, 'sink', unusable?.sinks);
  const takesDigest = definition === undefined || checker.takesDigest(definition, parts, sinkTypes, path);
  const { digest: _, ...withoutDigest } = parts.common;
  const common = checker.parse(sinkKeys, takesDigest ? parts.common : withoutDigest, path);
  const settings = definition && checker.settings(definition, parts, sinkTypes, path);
  if (definition === undefined || common === undefined || settings === undefined) return undefined;
  if (definition.needsUrl) checker.refuseWithoutUrl(definition.type, common, path);
  for (const template of definition.templates?.(settings) ?? []) checker.checkTemplate(template, common, path);
  const { rate, concurrency, timeout, digest, ...rest } = common;
  return {
    ...rest,
    name,
    definition,
    settings,
    concurrency: concurrency ?? definition.concurrency,
    timeout: timeout ?? sinkKeys.shape.timeout.parse(definition.timeout),
    intervalMs: rate ?? sinkKeys.shape.rate.parse(definition.rate) ?? 0,
    digest: digest && { everyMs: digest.every, max: digest.max },
  };
}

type Parts = NonNullable<ReturnType<Checker['split']>>;

class Checker {
  readonly problems: Problem[] = [];
  readonly #tree: Tree;
  /** Where this version was found wanting: whatever else is wrong there follows from it. */
  readonly #refused: readonly Path[];

  constructor(tree: Tree) {
    this.#tree = tree;
    const refusals = findUnavailable(tree.value);
    for (const { path, part, message } of refusals) this.#report(path, part, message);
    this.#refused = refusals.map(({ path }) => path);
  }

  /** The value as the schema gives it, or undefined with its problems noted. */
  parse<Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    path: Path,
    otherKeys: readonly string[] = [],
  ): z.output<Schema> | undefined {
    const result = schema.safeParse(value, { error: () => NO_MESSAGE });
    if (result.success) return result.data;
    const json = jsonSchemaOf(schema);
    for (const finding of explain(result.error.issues, { value, schema: json, otherKeys })) {
      this.#reportFinding(finding, path, json, value);
    }
    return undefined;
  }

  /** An entry of `sources` or `sinks`: its type, the keys that every one takes, and those of the type. */
  split(entry: unknown, path: Path, commonKeys: z.ZodObject) {
    if (!isRecord(entry)) {
      this.#reportUnsettled(path, 'value', `found ${kindOf(entry)}, want keys with values`);
      return undefined;
    }
    const { type, ...rest } = entry;
    const commonNames = Object.keys(commonKeys.shape);
    const pick = (isCommon: boolean) =>
      Object.fromEntries(Object.entries(rest).filter(([key]) => commonNames.includes(key) === isCommon));
    return { type, common: pick(true), settings: pick(false), otherKeys: ['type', ...commonNames] };
  }

  /** Whether the keys that every sink takes suit a type that works on the recording itself. */
  refuseWithoutUrl(type: string, { events, includeUrl }: z.output<typeof sinkKeys>, path: Path) {
    for (const [index, event] of events.entries()) {
      if (event === 'recording.available') continue;
      const message = `${JSON.stringify(event)} is nothing that a sink of type ${type} can take; write recording.available`;
      this.#report([...path, 'events', index], 'value', message);
    }
    if (includeUrl) return;
    const message = `a sink of type ${type} fetches the recording by its URL; leave the key out`;
    this.#report([...path, 'includeUrl'], 'value', message);
  }

  /** Whether everybody on the network could look and press buttons. */
  refuseOpenServer(server: unknown) {
    const { listen = DEFAULT_LISTEN, token } = serverKeys.safeParse(server).data ?? {};
    const address = readListen(listen);
    if (address === undefined || isLoopback(address) || token !== undefined) return;
    const message =
      'is required, since server.listen is not a loopback address; set it to ${NOTIFIER_TOKEN}, or listen at 127.0.0.1';
    this.#report(['server', 'token'], 'key', message);
  }

  /** Whether there is a queue for many processes, and a store that elects none of them. */
  refuseLonelyQueue({ queue, store }: Pick<z.output<typeof fileKeys>, 'queue' | 'store'>) {
    const message = lonelyQueue(queue, store);
    if (message !== undefined) this.#report(['queue'], 'value', message);
  }

  /** Whether the template can be read, and makes something of each event that the sink gets. */
  checkTemplate({ key, source, place }: SinkTemplate, use: TemplateUse, path: Path) {
    const at = [...path, ...key];
    for (const { line, column, problem, about, unknown, hint } of templateFlaws(source, place, use)) {
      const mayEcho = this.#tree.references(at).length === 0;
      const word = about ?? unknown?.word;
      const what = mayEcho && word !== undefined ? `: ${word}` : '';
      const fix = mayEcho && unknown !== undefined ? suggestion(unknown.word, unknown.known) : '';
      const remedy = fix === '' && hint !== undefined ? `; ${hint}` : fix;
      this.#reportUnsettled(at, 'value', `line ${line}, column ${column} of the template ${problem}${what}${remedy}`);
    }
  }

  /** Those of its own type, where a `template` that the type does not take is answered by the types that do. */
  settings(definition: SinkDefinition, parts: Parts, types: readonly SinkDefinition[], path: Path) {
    const { type, settings: schema, deliverDigest } = definition;
    const otherKeys = parts.otherKeys.filter((key) => key !== 'digest' || deliverDigest !== undefined);
    const { template, ...rest } = parts.settings;
    if (template === undefined || hasTemplate(definition)) return this.parse(schema, parts.settings, path, otherKeys);
    const message = `a sink of type ${type} takes no template; leave the key out${others(types.filter(hasTemplate))}`;
    this.#report([...path, 'template'], 'key', message);
    return this.parse(schema, rest, path, otherKeys);
  }

  /** False where a `digest` stands that cannot be taken, whatever it is: not every place has a form for several events. */
  takesDigest({ type, deliverDigest }: SinkDefinition, parts: Parts, types: readonly SinkDefinition[], path: Path) {
    if (deliverDigest !== undefined || parts.common['digest'] === undefined) return true;
    const able = types.filter((each) => each.deliverDigest !== undefined);
    const message = `a sink of type ${type} is told each event by itself; leave the key out${others(able)}`;
    this.#report([...path, 'digest'], 'key', message);
    return false;
  }

  /** Of the keys that are made from references, `sources.production.auth.secret (${NAME})`; undefined when there are none. */
  keyNames(settings: unknown, base: Path): Readonly<Record<string, string>> | undefined {
    const names = leavesOf(settings).flatMap((leaf) => {
      const path = [...base, ...leaf];
      const references = this.#tree.references(path);
      return references.length === 0 ? [] : [[leaf.join('.'), `${path.join('.')} (${listed(references)})`] as const];
    });
    return names.length === 0 ? undefined : Object.fromEntries(names);
  }

  definition<Definition extends { readonly type: string }>(
    type: unknown,
    path: Path,
    types: readonly Definition[],
    kind: string,
    unusable: readonly UnusableType[] = [],
  ): Definition | undefined {
    const found = types.find((definition) => definition.type === type);
    if (found !== undefined) return found;
    const failed = unusable.find((each) => each.type === type);
    if (failed === undefined) this.#reportType(type, [...path, 'type'], types, kind);
    else this.#reportFailedType(failed, [...path, 'type']);
    return undefined;
  }

  #reportType(type: unknown, path: Path, types: readonly { readonly type: string }[], kind: string) {
    const known = types.map((definition) => definition.type);
    if (type === undefined) return this.#reportUnsettled(path, 'value', `is required; write ${listed(known, 'or')}`);
    if (typeof type !== 'string') return this.#reportUnsettled(path, 'value', `found ${kindOf(type)}, want text`);
    const subject = this.#subject(type, path, false);
    const fix = this.#tree.references(path).length > 0 ? '' : suggestion(type, known);
    return this.#reportUnsettled(
      path,
      'value',
      `${subject} is not a type of ${kind}${fix || `; write ${listed(known, 'or')}`}`,
    );
  }

  #reportFailedType({ type, problem }: UnusableType, path: Path) {
    this.#reportUnsettled(path, 'value', `${this.#subject(type, path, false)} ${problem}`);
  }

  #reportFinding(finding: Finding, base: Path, schema: JsonSchema, root: unknown) {
    const path = [...base, ...finding.path];
    const isSecret = schemasAt(schema, finding.path).some((each) => each.secret === true);
    const mayEcho = !isSecret && this.#tree.references(path).length === 0;
    const subject = finding.isBare ? '' : this.#subject(valueAt(root, finding.path), path, isSecret);
    const remedy = mayEcho ? (finding.fix ?? finding.hint) : finding.hint;
    const message = `${subject} ${finding.problem}${remedy === undefined ? '' : `; ${remedy}`}`.trim();
    this.#reportUnsettled(path, finding.part, message);
  }

  /** What the sentence is about: the value where it may be shown, else where it came from. */
  #subject(value: unknown, path: Path, isSecret: boolean): string {
    const references = this.#tree.references(path);
    if (typeof value === 'object' || value === undefined || value === '') return '';
    if (references.length > 0) return `the value of ${listed(references)}`;
    const text = String(value);
    return isSecret || text.includes('://') || text.length > ECHO_LENGTH_MAX ? 'the value' : JSON.stringify(text);
  }

  #reportUnsettled(path: Path, part: 'key' | 'value', message: string) {
    const isSettled = this.#tree.isBroken(path) || this.#refused.some((refused) => isWithin(path, refused));
    if (isSettled) return;
    const withoutValue = this.#tree.withoutValue(path);
    if (withoutValue.length === 0) return this.#report(path, part, message);
    // What is missing follows from them, in whatever words.
    const known = this.problems.map((problem) => problem.path.join('.'));
    for (const each of withoutValue) if (!known.includes(each.join('.'))) this.#report(each, 'value', VALUELESS);
  }

  #report(path: Path, part: 'key' | 'value', message: string) {
    this.problems.push({ file: this.#tree.file, ...this.#tree.position(path, part), path, message });
  }
}

/** A longer value is no help in an error, and more probably a credential. */
const ECHO_LENGTH_MAX = 60;

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((part, index) => part === path[index]);
}

function hasTemplate({ settings }: SinkDefinition): boolean {
  return keysOf(jsonSchemaOf(settings)).includes('template');
}

function others(able: readonly SinkDefinition[]): string {
  const names = able.map(({ type }) => type);
  return names.length === 0 ? '' : `, or take a sink of type ${listed(names, 'or')}`;
}

/** The paths of the values below keys; lists are not looked into. */
function leavesOf(value: unknown): Path[] {
  if (!isRecord(value)) return [[]];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item).map((path) => [key, ...path]));
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
