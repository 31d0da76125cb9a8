import { type Field, always, camelOnly, flag, list, named, nullable, object, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRights, serviceRight } from './rules/requirement.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** The services outside the mesh that the gateways of this name lead to (consul-behaviour 4.8). */
export interface TerminatingGatewayEntry {
  readonly kind: 'terminating-gateway';
  readonly name: string;
  /** null = never given: shown so, and the same as none. */
  readonly services: readonly LinkedService[] | null;
  readonly meta: StringMap;
}

export interface LinkedService {
  /** `*` = every service that is not in the mesh itself. */
  readonly name: string;
  /** Files are on the gateway's host. Certificate and key need each other and the authority. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly sni: string;
  /** The gateway leaves `Host` as the caller sent it. */
  readonly disableAutoHostRewrite: boolean;
}

const schema: Field<TerminatingGatewayEntry> = object<TerminatingGatewayEntry>(
  {
    kind: kindField('terminating-gateway'),
    name: nameField,
    services: always(
      nullable(
        list(
          object<LinkedService>({
            name: text(),
            caFile: named('CAFile', text()),
            certFile: text(),
            keyFile: text(),
            sni: named('SNI', text()),
            disableAutoHostRewrite: camelOnly(flag()),
          }),
        ),
      ),
    ),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Nothing has more than one form. */
function normalize(entry: TerminatingGatewayEntry): TerminatingGatewayEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: TerminatingGatewayEntry): Problem {
  if (entry.name === '') return 'Name is required';
  const seen = new Set<string>();
  return (
    firstProblem(entry.services ?? [], (service, position) => {
      const problem = serviceProblem(service, seen.has(service.name));
      seen.add(service.name);
      return problem && `Services[${position}]: ${problem}`;
    }) ?? metaProblem(entry.meta)
  );
}

function serviceProblem({ name, caFile, certFile, keyFile }: LinkedService, repeated: boolean): Problem {
  if (name === '') return 'Service name cannot be blank.';
  if (repeated) return `Service "${name}" was specified more than once within a namespace`;
  if ((certFile === '' && keyFile === '') || (certFile !== '' && keyFile !== '' && caFile !== '')) return undefined;
  return `Service "${name}" must have a CertFile, CAFile, and KeyFile specified for TLS origination`;
}

function requires(entry: TerminatingGatewayEntry, access: EntryAccess): readonly Requirement[] {
  return access === 'read' ? [serviceRight(entry.name, 'read')] : meshRights('write');
}

/** No chain leads anywhere because of it. */
function references(_entry: TerminatingGatewayEntry): readonly string[] {
  return [];
}

export const terminatingGateway: EntryKind<TerminatingGatewayEntry> = {
  schema,
  normalize,
  validate,
  requires,
  references,
};
