import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Gives protobufjs the files of Google's that it does not know by itself.
import '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { AppError } from '../../core/index.js';
import { everyProtoFile } from './every-proto-file.js';
import { describeFields, type FieldDescriptor, oneofsOf } from './field-descriptors.js';

/** What a message type can do: plain object (snake_case, enums and 64 bit numbers as text) <-> bytes. */
export interface MessageType {
  serialize(message: object): Buffer;
  deserialize(bytes: Buffer): Record<string, unknown>;
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

/** Every message and enum by full name, nested ones included. */
interface Registry {
  readonly messages: Map<string, protobuf.Type>;
  readonly enums: Map<string, protobuf.Enum>;
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

/** How decoded messages look. */
const CONVERSION: protobuf.IConversionOptions = { longs: String, enums: String, oneofs: true };

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
  const folders = [
    ...list.includeDirs.map((folder) => join(deps, folder)),
    ...list.overlays.map((folder) => join(PROTO, folder)),
  ];
  const { messages, enums } = readFiles(filesOf(list, deps), folders);
  const fieldsOf = new Map<string, ReadonlyMap<string, FieldDescriptor>>();
  const codecs = new Map<string, MessageType>();
  const unknown = (typeName: string): AppError =>
    new AppError('internal', `the Envoy API type ${typeName} is not loaded: add its file to proto/envoy-api.json`);
  /** Messages inside messages are packed into nothing. */
  const codecType = (typeName: string): protobuf.Type | undefined => {
    const type = messages.get(typeName);
    return type?.parent instanceof protobuf.Type ? undefined : type;
  };
  return {
    has: (typeName) => codecType(typeName) !== undefined,
    describes: (typeName) => messages.has(typeName) || enums.has(typeName) || fieldsOf.has(typeName),
    message(typeName) {
      const type = codecType(typeName);
      if (type === undefined) throw unknown(typeName);
      const codec = codecs.get(typeName) ?? codecOf(type);
      codecs.set(typeName, codec);
      return codec;
    },
    fields(typeName) {
      const known = fieldsOf.get(typeName);
      if (known !== undefined) return known;
      const type = messages.get(typeName);
      if (type === undefined) throw unknown(typeName);
      // Entries of its maps are messages, too, which are named by it.
      for (const [name, fields] of describeFields(typeName, type)) fieldsOf.set(name, fields);
      return fieldsOf.get(typeName) as ReadonlyMap<string, FieldDescriptor>;
    },
    oneofs: (typeName) => oneofsOf(messages.get(typeName)),
    enumValues: (typeName) => valuesOf(enums.get(typeName)).map(([name]) => name),
    enumNumbers: (typeName) => new Map(valuesOf(enums.get(typeName))),
    enumName: (typeName, number) => valuesOf(enums.get(typeName)).find(([, value]) => value === number)?.[0],
  };
}

function readFiles(files: readonly string[], folders: readonly string[]): Registry {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    isAbsolute(target) ? target : (folders.map((folder) => join(folder, target)).find(existsSync) ?? target);
  root.loadSync([...files], { keepCase: true });
  root.resolveAll();
  const registry: Registry = { messages: new Map(), enums: new Map() };
  collect(root, '', registry);
  return registry;
}

function collect(within: protobuf.NamespaceBase, scope: string, registry: Registry): void {
  for (const each of within.nestedArray) {
    const name = scope === '' ? each.name : `${scope}.${each.name}`;
    if (each instanceof protobuf.Enum) registry.enums.set(name, each);
    if (each instanceof protobuf.Type) registry.messages.set(name, each);
    if (each instanceof protobuf.Namespace) collect(each, name, registry);
  }
}

function codecOf(type: protobuf.Type): MessageType {
  return {
    // With Node's buffers at hand that is what is written into.
    serialize: (message) => type.encode(type.fromObject(message)).finish() as Buffer,
    deserialize: (bytes) => type.toObject(type.decode(bytes), CONVERSION),
  };
}

/** Names and numbers by number; of aliases the one that is declared first comes first. */
const valuesOf = (type: protobuf.Enum | undefined): [string, number][] =>
  Object.entries(type?.values ?? {}).sort(([, left], [, right]) => left - right);
