import type { AnyDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

interface RawField {
  readonly name: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
}

interface RawMessage {
  readonly name: string;
  readonly field?: readonly RawField[];
  readonly nestedType?: readonly RawMessage[];
  readonly oneofDecl?: readonly { readonly name: string }[];
}

interface RawFile {
  readonly package?: string;
  readonly messageType?: readonly RawMessage[];
}

type Oneofs = Map<string, ReadonlyMap<string, string>>;

const FILE = 'google.protobuf.FileDescriptorProto';

/**
 * Of every message, which fields belong to which oneof. Read from the file descriptors: the loader's own description of a field
 * gives those without a oneof the index 0, too.
 */
export function readOneofs(
  definitions: Readonly<Record<string, AnyDefinition>>,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found: Oneofs = new Map();
  const reader = definitions[FILE] as MessageTypeDefinition<object, object> | undefined;
  if (reader === undefined) return found;
  for (const bytes of reader.fileDescriptorProtos) {
    const file = reader.deserialize(bytes) as RawFile;
    for (const message of file.messageType ?? []) addMessage(found, file.package ?? '', message);
  }
  return found;
}

function addMessage(found: Oneofs, scope: string, message: RawMessage): void {
  const name = scope === '' ? message.name : `${scope}.${message.name}`;
  const members = (message.field ?? []).flatMap(({ name: field, oneofIndex, proto3Optional }) => {
    const oneof = oneofIndex === undefined || proto3Optional ? undefined : message.oneofDecl?.[oneofIndex]?.name;
    return oneof === undefined ? [] : [[field, oneof] as const];
  });
  if (members.length > 0) found.set(name, new Map(members));
  for (const nested of message.nestedType ?? []) addMessage(found, name, nested);
}
