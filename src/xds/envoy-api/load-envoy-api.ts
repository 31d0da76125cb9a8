import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnyDefinition, loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { AppError } from '../../core/index.js';
import { everyProtoFile } from './every-proto-file.js';
import { readOneofs } from './oneofs.js';

/** What a message type can do: plain object (snake_case, enums and 64 bit numbers as text) <-> bytes. */
export interface MessageType {
  serialize(message: object): Buffer;
  deserialize(bytes: Buffer): Record<string, unknown>;
}

/** A field as protoc describes it; `typeName` is the full name of a message or enum without the leading dot. */
export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly jsonName: string;
  readonly kind: 'scalar' | 'message' | 'enum';
  /** protoc's scalar type, e.g. `TYPE_UINT32`. */
  readonly scalar: string;
  readonly typeName: string;
  readonly repeated: boolean;
  readonly isMap: boolean;
}

export interface EnvoyApi {
  /** Throws AppError('internal') for a name that no loaded file defines. Messages inside messages have no codec of their own. */
  message(typeName: string): MessageType;
  /** Whether a message of this name is loaded. */
  has(typeName: string): boolean;
  /** Whether a message or enum of this name is described, nested ones included. */
  describes(typeName: string): boolean;
  /** The fields of a message, nested ones included. Throws AppError('internal') for an unknown name. */
  fields(typeName: string): ReadonlyMap<string, FieldDescriptor>;
  /** The fields of a message that exclude each other: field -> name of its oneof. Fields that stand alone are not in it. */
  oneofs(typeName: string): ReadonlyMap<string, string>;
  /** The names of an enum's values, the zero one first. */
  enumValues(typeName: string): readonly string[];
  /** The numbers of an enum's values by their names, aliases included. */
  enumNumbers(typeName: string): ReadonlyMap<string, number>;
  /** The name of an enum's value with this number; undefined when there is none. */
  enumName(typeName: string, number: number): string | undefined;
}

interface RawField {
  readonly name: string;
  readonly number: number;
  readonly jsonName?: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

interface RawEnum {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
}

interface RawMessage {
  readonly name: string;
  readonly field: readonly RawField[];
  readonly nestedType: readonly RawMessage[];
  readonly enumType: readonly RawEnum[];
  readonly options?: { readonly mapEntry?: boolean } | null;
}

/** Every message and enum by full name, nested ones included. */
interface Registry {
  readonly messages: Map<string, RawMessage>;
  readonly enums: Map<string, RawEnum['value']>;
}

const PROTO = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'proto');

/** proto/envoy-api.json: which files are loaded, from which folders of the package, and our own folders with what it lacks. */
interface FileList {
  readonly includeDirs: readonly string[];
  readonly overlays: readonly string[];
  readonly files: readonly string[];
}

let loaded: EnvoyApi | undefined;
let whole: EnvoyApi | undefined;

const NO_ONEOFS: ReadonlyMap<string, string> = new Map();

/** Loads the Envoy API from the protos that `@grpc/grpc-js-xds` ships (about 0.2 s); the second call is free. */
export function loadEnvoyApi(): EnvoyApi {
  loaded ??= load((list) => list.files);
  return loaded;
}

/**
 * The API that has a type: the part we use ourselves, or for what only users write (extensions inside escape hatches) all of it,
 * loaded when it is first asked for (about 0.3 s). Ask the answer whether it has the type.
 */
export function envoyApiOf(typeName: string): EnvoyApi {
  const used = loadEnvoyApi();
  if (used.describes(typeName)) return used;
  whole ??= load(({ includeDirs, files }, deps) => [
    ...new Set([...files, ...everyProtoFile(includeDirs.map((folder) => join(deps, folder)))]),
  ]);
  return whole;
}

function load(filesOf: (list: FileList, deps: string) => readonly string[]): EnvoyApi {
  const list = JSON.parse(readFileSync(join(PROTO, 'envoy-api.json'), 'utf8')) as FileList;
  const require = createRequire(import.meta.url);
  const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const definitions = loadSync([...filesOf(list, deps)], {
    keepCase: true,
    longs: String,
    enums: String,
    oneofs: true,
    includeDirs: [
      ...list.includeDirs.map((folder) => join(deps, folder)),
      ...list.overlays.map((folder) => join(PROTO, folder)),
    ],
  }) as Readonly<Record<string, AnyDefinition>>;
  const registry = readDescriptors(definitions);
  let oneofs: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
  const fieldsOf = new Map<string, ReadonlyMap<string, FieldDescriptor>>();
  const unknown = (typeName: string): AppError =>
    new AppError('internal', `the Envoy API type ${typeName} is not loaded: add its file to proto/envoy-api.json`);
  return {
    has: (typeName) => isMessage(definitions[typeName]),
    describes: (typeName) => registry.messages.has(typeName) || registry.enums.has(typeName),
    message(typeName) {
      const definition = definitions[typeName];
      if (!isMessage(definition)) throw unknown(typeName);
      return definition as unknown as MessageType;
    },
    fields(typeName) {
      const raw = registry.messages.get(typeName);
      if (raw === undefined) throw unknown(typeName);
      const known =
        fieldsOf.get(typeName) ?? new Map(raw.field.map((field) => [field.name, describe(typeName, field, registry)]));
      fieldsOf.set(typeName, known);
      return known;
    },
    oneofs(typeName) {
      oneofs ??= readOneofs(definitions);
      return oneofs.get(typeName) ?? NO_ONEOFS;
    },
    enumValues: (typeName) => (registry.enums.get(typeName) ?? []).map(({ name }) => name),
    enumNumbers: (typeName) =>
      new Map((registry.enums.get(typeName) ?? []).map(({ name, number }) => [name, number] as const)),
    enumName: (typeName, number) => registry.enums.get(typeName)?.find((value) => value.number === number)?.name,
  };
}

function isMessage(definition: AnyDefinition | undefined): definition is MessageTypeDefinition<object, object> {
  return (
    definition !== undefined && 'format' in definition && definition.format === 'Protocol Buffer 3 DescriptorProto'
  );
}

function readDescriptors(definitions: Readonly<Record<string, AnyDefinition>>): Registry {
  const registry: Registry = { messages: new Map(), enums: new Map() };
  for (const [name, definition] of Object.entries(definitions)) {
    if (isMessage(definition)) addMessage(registry, name, definition.type as RawMessage);
    else if ('format' in definition) addEnum(registry, name, definition.type as RawEnum);
  }
  return registry;
}

function addMessage(registry: Registry, name: string, raw: RawMessage): void {
  registry.messages.set(name, raw);
  for (const nested of raw.nestedType) addMessage(registry, `${name}.${nested.name}`, nested);
  for (const nested of raw.enumType) addEnum(registry, `${name}.${nested.name}`, nested);
}

function addEnum(registry: Registry, name: string, raw: RawEnum): void {
  registry.enums.set(
    name,
    [...raw.value].sort((left, right) => left.number - right.number),
  );
}

function describe(owner: string, raw: RawField, registry: Registry): FieldDescriptor {
  const kind = raw.type === 'TYPE_MESSAGE' ? 'message' : raw.type === 'TYPE_ENUM' ? 'enum' : 'scalar';
  const typeName = kind === 'scalar' ? '' : fullName(owner, raw.typeName, registry);
  return {
    name: raw.name,
    number: raw.number,
    jsonName: raw.jsonName || camelCase(raw.name),
    kind,
    scalar: kind === 'scalar' ? raw.type : '',
    typeName,
    repeated: raw.label === 'LABEL_REPEATED',
    isMap: registry.messages.get(typeName)?.options?.mapEntry ?? false,
  };
}

/** Type names may be relative to the message they stand in: the innermost scope that has them wins. */
function fullName(owner: string, typeName: string, registry: Registry): string {
  if (typeName.startsWith('.')) return typeName.slice(1);
  const scopes = owner.split('.');
  for (let depth = scopes.length; depth >= 0; depth--) {
    const candidate = [...scopes.slice(0, depth), typeName].join('.');
    if (registry.messages.has(candidate) || registry.enums.has(candidate)) return candidate;
  }
  return typeName;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
