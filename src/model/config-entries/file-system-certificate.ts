import { type Field, always, camelOnly, object, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { breaksLine } from './rules/header-modifiers.js';
import { metaProblem } from './rules/meta.js';
import type { Problem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRight } from './rules/requirement.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** A certificate that an API gateway reads from its own host (consul-behaviour 4.9). Both fields are paths there. */
export interface FileSystemCertificateEntry {
  readonly kind: 'file-system-certificate';
  readonly name: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly meta: StringMap;
}

const schema: Field<FileSystemCertificateEntry> = object<FileSystemCertificateEntry>(
  {
    kind: kindField('file-system-certificate'),
    name: nameField,
    certificate: always(text()),
    privateKey: camelOnly(always(text())),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Nothing has more than one form. */
function normalize(entry: FileSystemCertificateEntry): FileSystemCertificateEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. What is in the files only the gateway can know. */
function validate(entry: FileSystemCertificateEntry): Problem {
  if (entry.name === '') return 'Name is required';
  if (breaksLine(entry.certificate)) return 'Certificate must be a path without line breaks or NUL';
  if (breaksLine(entry.privateKey)) return 'PrivateKey must be a path without line breaks or NUL';
  return metaProblem(entry.meta);
}

function requires(_entry: FileSystemCertificateEntry, access: EntryAccess): readonly Requirement[] {
  return [meshRight(access)];
}

/** Nothing leads to a service because of it. */
function references(_entry: FileSystemCertificateEntry): readonly string[] {
  return [];
}

export const fileSystemCertificate: EntryKind<FileSystemCertificateEntry> = {
  schema,
  normalize,
  validate,
  requires,
  references,
};
