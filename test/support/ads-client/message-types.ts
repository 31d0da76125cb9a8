import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);
const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const overlay = fileURLToPath(new URL('../../../proto/overlay', import.meta.url));
const folders = [...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(deps, name)), overlay];

const find = (name: string): string | null =>
  isAbsolute(name) ? name : (folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null);

/** Whether all a file imports is there, directly or not: some files need packages that are not shipped with it. */
function isComplete(file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file);
  if (before !== undefined) return before;
  known.set(file, true);
  const imports = [...readFileSync(file, 'utf8').matchAll(/^import (?:public )?"([^"]+)"/gm)].map(
    (match) => match[1] ?? '',
  );
  const complete = imports.every((name) => {
    if (name.startsWith('google/protobuf/')) return true;
    const target = find(name);
    return target !== null && isComplete(target, known);
  });
  known.set(file, complete);
  return complete;
}

function load(): protobuf.Root {
  const descriptor = require('protobufjs/google/protobuf/descriptor.json') as {
    nested: { google: { nested: { protobuf: { nested: { [name: string]: object } } } } };
  };
  protobuf.common('descriptor', descriptor.nested.google.nested.protobuf.nested);
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => find(target);
  const known = new Map<string, boolean>();
  const api = join(deps, 'envoy-api', 'envoy');
  const files = (readdirSync(api, { recursive: true }) as string[])
    .filter((name) => /[/\\]v3(?:alpha)?[/\\][^/\\]+\.proto$/.test(name))
    .sort()
    .map((name) => join(api, name))
    .filter((file) => isComplete(file, known));
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}

let loaded: protobuf.Root | undefined;

/** Every v3 message of the Envoy API that the installed packages describe. */
export const messageRoot = (): protobuf.Root => (loaded ??= load());

/** The message type with this full name or type URL, or undefined. */
export function lookupType(nameOrUrl: string): protobuf.Type | undefined {
  const name = nameOrUrl.slice(nameOrUrl.lastIndexOf('/') + 1);
  try {
    return messageRoot().lookupType(name);
  } catch {
    return undefined;
  }
}

/** A decoded message: its set fields under their names in the .proto file. */
export type Message = Readonly<Record<string, unknown>>;

/** A google.protobuf.Any as it is decoded. */
export interface AnyMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** The fields of a message that are set, in the order of their declaration. An implicit zero counts as not set, as everywhere in proto3. */
export function* setFields(type: protobuf.Type, message: Message): Generator<[protobuf.Field, unknown]> {
  for (const field of type.fieldsArray) {
    if (!Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    if (value === null || value === undefined) continue;
    if (
      field.map
        ? Object.keys(value).length === 0
        : field.repeated
          ? (value as unknown[]).length === 0
          : isImplicitZero(field, value)
    )
      continue;
    yield [field, value];
  }
}

function isImplicitZero(field: protobuf.Field, value: unknown): boolean {
  if (field.partOf || field.resolvedType instanceof protobuf.Type) return false;
  if (typeof value === 'object' && value !== null)
    return value instanceof Uint8Array ? value.length === 0 : String(value) === '0';
  return value === 0 || value === false || value === '';
}

/** The message inside an Any with its type, or undefined when the type is unknown or the bytes are not of it. */
export function openAny(any: AnyMessage): { type: protobuf.Type; message: Message } | undefined {
  const type = lookupType(any.type_url);
  if (!type) return undefined;
  try {
    return { type, message: type.decode(any.value) as unknown as Message };
  } catch {
    return undefined;
  }
}
