import { type Field, always, object, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { certificateProblem, privateKeyProblem } from './rules/certificate.js';
import { metaProblem } from './rules/meta.js';
import type { Problem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRight } from './rules/requirement.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/**
 * A certificate that API gateways serve with, and its key (consul-behaviour 4.9), both in PEM. A key is in the entry only on its way
 * in: it is stored apart (`certificate-keys`), so that nothing that shows entries can show it. '' = the key that is stored.
 */
export interface InlineCertificateEntry {
  readonly kind: 'inline-certificate';
  readonly name: string;
  /** The gateway's certificate first, then its chain. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly meta: StringMap;
}

const schema: Field<InlineCertificateEntry> = object<InlineCertificateEntry>(
  {
    kind: kindField('inline-certificate'),
    name: nameField,
    certificate: always(text()),
    privateKey: always(text()),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Nothing has more than one form. */
function normalize(entry: InlineCertificateEntry): InlineCertificateEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate({ name, certificate, privateKey, meta }: InlineCertificateEntry): Problem {
  if (name === '') return 'Name is required';
  return (
    certificateProblem(certificate) ??
    (privateKey === '' ? undefined : privateKeyProblem(certificate, privateKey)) ??
    metaProblem(meta)
  );
}

function requires(_entry: InlineCertificateEntry, access: EntryAccess): readonly Requirement[] {
  return [meshRight(access)];
}

/** Nothing leads to a service because of it. */
function references(_entry: InlineCertificateEntry): readonly string[] {
  return [];
}

export const inlineCertificate: EntryKind<InlineCertificateEntry> = {
  schema,
  normalize,
  validate,
  requires,
  references,
};
