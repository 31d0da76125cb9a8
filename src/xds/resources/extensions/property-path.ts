import { AppError } from '../../../core/index.js';
import { loadEnvoyApi } from '../../envoy-api/index.js';
import { type FieldDescription, readPropertyValue } from './property-value.js';

type Message = Readonly<Record<string, unknown>>;

/** How many fields an error lists unless all are wanted. */
const LISTED_FIELDS = 10;

/** Packed and free-form messages: what is inside is not described by fields. */
const CLOSED: ReadonlySet<string> = new Set(
  ['Any', 'Struct', 'Value', 'ListValue'].map((name) => `google.protobuf.${name}`),
);

/** Which message a path starts in, and how much an error may say. */
export interface PropertyTarget {
  readonly typeName: string;
  /** Errors list all fields there are, not the first ten. */
  readonly debug: boolean;
}

/**
 * A message with the property at a path set: messages on the way are made where they are missing, and what excludes the property
 * (other members of a oneof) is unset. Throws AppError('invalidArgument') for a path or value that does not fit.
 */
export function setProperty(message: Message, path: string, value: unknown, target: PropertyTarget): Message {
  const segments = segmentsOf(path, target);
  const set = (inner: Message, typeName: string, depth: number): Message => {
    const field = fieldAt(segments, depth, { ...target, typeName });
    const others = membersBeside(typeName, field.name);
    const kept = Object.fromEntries(Object.entries(inner).filter(([name]) => !others.includes(name)));
    if (depth === segments.length - 1) {
      return { ...kept, [field.name]: readPropertyValue(field, value, pathTo(segments, depth)) };
    }
    return { ...kept, [field.name]: set((inner[field.name] ?? {}) as Message, field.typeName, depth + 1) };
  };
  return set(message, target.typeName, 0);
}

/** A message without the property at a path; the same one when it has none. Throws AppError('invalidArgument') as above. */
export function removeProperty(message: Message, path: string, target: PropertyTarget): Message {
  const segments = segmentsOf(path, target);
  const remove = (inner: Message, typeName: string, depth: number): Message => {
    const field = fieldAt(segments, depth, { ...target, typeName });
    if (depth === segments.length - 1) {
      const { [field.name]: _removed, ...kept } = inner;
      return kept;
    }
    const next = inner[field.name] as Message | null | undefined;
    const changed = remove(next ?? {}, field.typeName, depth + 1);
    return next == null ? inner : { ...inner, [field.name]: changed };
  };
  return remove(message, target.typeName, 0);
}

/** `/a/b` -> a, b. */
function segmentsOf(path: string, target: PropertyTarget): readonly string[] {
  if (path === '' || path === '/') throw wrong(`non-empty, non-root Path is required;\n${availableFields(target)}`);
  if (!path.startsWith('/')) throw wrong(`Path must start with "/", as "/${path}"`);
  return path.slice(1).split('/');
}

/** The field that a segment names, checked for whether the path may go on from it. */
function fieldAt(segments: readonly string[], depth: number, target: PropertyTarget): FieldDescription {
  const name = segments[depth] ?? '';
  const field = loadEnvoyApi().fields(target.typeName).get(name);
  if (field === undefined) throw wrong(`no match for field '${name}'!\n${availableFields(target)}`);
  if (depth === segments.length - 1) return field;
  const at = pathTo(segments, depth);
  if (field.isMap) throw wrong(`${at} is a map: entries of maps cannot be addressed`);
  if (field.repeated) throw wrong(`${at} is a list: members of lists cannot be addressed`);
  if (field.kind !== 'message') throw wrong(`${at} is a ${nameOfKind(field)} and has no fields`);
  if (CLOSED.has(field.typeName)) throw wrong(`${at} is a ${field.typeName}, whose fields cannot be addressed`);
  return field;
}

const nameOfKind = ({ kind, scalar }: FieldDescription): string =>
  kind === 'enum' ? 'word' : scalar.replace('TYPE_', '').toLowerCase();

const pathTo = (segments: readonly string[], depth: number): string => `/${segments.slice(0, depth + 1).join('/')}`;

function availableFields({ typeName, debug }: PropertyTarget): string {
  const names = [...loadEnvoyApi().fields(typeName).keys()];
  const shown = debug ? names : names.slice(0, LISTED_FIELDS);
  const rest =
    shown.length < names.length
      ? `\nThese are the first ${LISTED_FIELDS} of ${names.length}; set Debug = true to list them all.`
      : '';
  return `available ${typeName} fields:\n${shown.join('\n')}${rest}`;
}

/** The other members of a field's oneof. */
function membersBeside(typeName: string, name: string): readonly string[] {
  const oneofs = loadEnvoyApi().oneofs(typeName);
  const oneof = oneofs.get(name);
  if (oneof === undefined) return [];
  return [...oneofs].filter(([field, other]) => other === oneof && field !== name).map(([field]) => field);
}

const wrong = (problem: string): AppError => new AppError('invalidArgument', problem);
