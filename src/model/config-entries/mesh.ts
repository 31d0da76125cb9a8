import { type Field, always, flag, list, noteProblem, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import { ignoredFields, kindField, metaField } from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { metaProblem } from './rules/meta.js';
import type { Problem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRights } from './rules/requirement.js';
import { tlsProblem } from './rules/tls.js';

/** What holds for the whole mesh (consul-behaviour 4.10); there is one, named `mesh`. */
export interface MeshEntry {
  readonly kind: 'mesh';
  readonly name: string;
  readonly transparentProxy: { readonly meshDestinationsOnly: boolean };
  readonly allowEnablingPermissiveMutualTls: boolean;
  /** Envoy refuses routes to clusters that it does not know. */
  readonly validateClusters: boolean;
  readonly tls?: MeshTls;
  readonly http?: MeshHttp;
  readonly peering?: { readonly peerThroughMeshGateways: boolean };
  readonly meta: StringMap;
}

export interface MeshTls {
  readonly incoming?: MeshTlsParameters;
  readonly outgoing?: MeshTlsParameters;
}

/** Versions `TLS_AUTO`, `TLSv1_0` … `TLSv1_3` or ''; cipher suites in Consul's (IANA) names. */
export interface MeshTlsParameters {
  readonly tlsMinVersion: string;
  readonly tlsMaxVersion: string;
  readonly cipherSuites: readonly string[];
}

export interface MeshHttp {
  readonly sanitizeXForwardedClientCert: boolean;
  readonly incoming?: { readonly requestNormalization?: RequestNormalization };
}

/** What Envoy does to a request before anything looks at its path and headers. */
export interface RequestNormalization {
  readonly insecureDisablePathNormalization: boolean;
  readonly mergeSlashes: boolean;
  readonly pathWithEscapedSlashesAction: string;
  readonly headersWithUnderscoresAction: string;
}

const tlsParametersField = object<MeshTlsParameters>({
  tlsMinVersion: text(),
  tlsMaxVersion: text(),
  cipherSuites: list(text()),
});

/** The entry's name is implied: a body that gives one is refused, and it is not shown. */
const impliedName: Field<string> = {
  ...text(),
  empty: 'mesh',
  shown: 'never',
  decode(_input, path, context) {
    noteProblem(context, { type: 'unknownField', path, problem: 'is not a known field' });
    return 'mesh';
  },
};

const schema: Field<MeshEntry> = object<MeshEntry>(
  {
    kind: kindField('mesh'),
    name: impliedName,
    transparentProxy: object<MeshEntry['transparentProxy']>({ meshDestinationsOnly: always(flag()) }),
    allowEnablingPermissiveMutualTls: flag(),
    validateClusters: flag(),
    tls: optional(object<MeshTls>({ incoming: optional(tlsParametersField), outgoing: optional(tlsParametersField) })),
    http: optional(
      object<MeshHttp>({
        sanitizeXForwardedClientCert: always(flag()),
        incoming: optional(
          object<NonNullable<MeshHttp['incoming']>>({
            requestNormalization: optional(
              object<RequestNormalization>({
                insecureDisablePathNormalization: always(flag()),
                mergeSlashes: always(flag()),
                pathWithEscapedSlashesAction: text(),
                headersWithUnderscoresAction: text(),
              }),
            ),
          }),
        ),
      }),
    ),
    peering: optional(object<NonNullable<MeshEntry['peering']>>({ peerThroughMeshGateways: always(flag()) })),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

const ESCAPED_SLASHES_ACTIONS = [
  'IMPLEMENTATION_SPECIFIC_DEFAULT',
  'KEEP_UNCHANGED',
  'REJECT_REQUEST',
  'UNESCAPE_AND_REDIRECT',
  'UNESCAPE_AND_FORWARD',
];
const UNDERSCORES_ACTIONS = ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'];

/** Nothing has more than one form. */
function normalize(entry: MeshEntry): MeshEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: MeshEntry): Problem {
  const normalization = entry.http?.incoming?.requestNormalization;
  return (
    tlsProblem('incoming', entry.tls?.incoming) ??
    tlsProblem('outgoing', entry.tls?.outgoing) ??
    actionProblem(
      'PathWithEscapedSlashesAction',
      normalization?.pathWithEscapedSlashesAction,
      ESCAPED_SLASHES_ACTIONS,
    ) ??
    actionProblem('HeadersWithUnderscoresAction', normalization?.headersWithUnderscoresAction, UNDERSCORES_ACTIONS) ??
    metaProblem(entry.meta)
  );
}

function requires(_entry: MeshEntry, access: EntryAccess): readonly Requirement[] {
  return meshRights(access);
}

/** Names of the services this entry speaks of. */
function references(_entry: MeshEntry): readonly string[] {
  return [];
}

function actionProblem(field: string, action: string | undefined, known: readonly string[]): Problem {
  if (action === undefined || action === '' || known.includes(action)) return undefined;
  return (
    `HTTP.Incoming.RequestNormalization.${field}: error in HTTP incoming request normalization configuration: no matching ${field} value found for ${action}, ` +
    `please specify one of [${known.join(', ')}]`
  );
}

export const mesh: EntryKind<MeshEntry> = { schema, normalize, validate, requires, references };
