import protobuf from 'protobufjs';

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

type Fields = ReadonlyMap<string, FieldDescriptor>;

/**
 * The fields of a message by its name, and those of the entries of its maps, which are messages with a key and a value, by names that are
 * made of the message's.
 */
export function describeFields(typeName: string, type: protobuf.Type): ReadonlyMap<string, Fields> {
  const found = new Map<string, Fields>();
  const fields = type.fieldsArray.map((field) => {
    const { name, id: number } = field;
    const common = { name, number, jsonName: jsonNameOf(field) };
    if (!(field instanceof protobuf.MapField)) return { ...common, ...valueOf(field), repeated: field.repeated };
    const entry = `${typeName}.${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const key = { kind: 'scalar', scalar: scalarOf(field.keyType), typeName: '' } as const;
    const single = { repeated: false, isMap: false };
    found.set(
      entry,
      new Map<string, FieldDescriptor>([
        ['key', { name: 'key', number: 1, jsonName: 'key', ...key, ...single }],
        ['value', { name: 'value', number: 2, jsonName: 'value', ...valueOf(field), ...single }],
      ]),
    );
    return { ...common, kind: 'message', scalar: '', typeName: entry, repeated: true, isMap: true } as const;
  });
  return found.set(typeName, new Map(fields.map((field) => [field.name, field])));
}

const NO_ONEOFS: ReadonlyMap<string, string> = new Map();

/** The fields of a message that exclude each other: field -> name of its oneof. */
export function oneofsOf(type: protobuf.Type | undefined): ReadonlyMap<string, string> {
  const members = (type?.oneofsArray ?? []).flatMap(({ name, fieldsArray }) =>
    // A field that is marked optional stands in a oneof of its own, which only its compiler knows of.
    fieldsArray.filter(({ options }) => !options?.['proto3_optional']).map((field) => [field.name, name] as const),
  );
  return members.length === 0 ? NO_ONEOFS : new Map(members);
}

function valueOf({
  resolvedType,
  type,
}: protobuf.Field): Pick<FieldDescriptor, 'kind' | 'scalar' | 'typeName' | 'isMap'> {
  if (resolvedType === null) return { kind: 'scalar', scalar: scalarOf(type), typeName: '', isMap: false };
  const kind = resolvedType instanceof protobuf.Enum ? 'enum' : 'message';
  return { kind, scalar: '', typeName: resolvedType.fullName.slice(1), isMap: false };
}

const scalarOf = (type: string): string => `TYPE_${type.toUpperCase()}`;

function jsonNameOf({ name, options }: protobuf.Field): string {
  const given: unknown = options?.['json_name'];
  return typeof given === 'string' && given !== '' ? given : camelCase(name);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
