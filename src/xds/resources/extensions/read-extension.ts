import { canonicalJson, sha256Hex, versionConstraintProblem } from '../../../core/index.js';
import type { EnvoyExtension } from '../../../model/index.js';
import { tryDecode } from '../../../model/wire/index.js';
import type { AnyExtensionKind } from './extension.js';
import { extensionKinds } from './registry.js';

/** An extension as an entry has it, read: plain data, so that it can be the value of a cell. */
export interface ReadExtension {
  readonly name: string;
  readonly required: boolean;
  readonly consulVersion: string;
  readonly envoyVersion: string;
  /** Of name, arguments and `Required`: what it does is the same where this is. */
  readonly hash: string;
  /** Typed by the schema of the kind; undefined when there are problems. */
  readonly args: unknown;
  /** Sentences with the path of the field in front: `Arguments.Script must not be empty`. */
  readonly problems: readonly string[];
}

const HASH_LENGTH = 16;

/** The kinds of entries that have extensions. */
export type ExtensionEntryKind = 'proxy-defaults' | 'service-defaults';

/** Reads and checks one extension of an entry. Never throws. */
export function readExtension(extension: EnvoyExtension, entryKind: ExtensionEntryKind): ReadExtension {
  const { name, required, consulVersion, envoyVersion } = extension;
  const kind = extensionKinds.get(name);
  const read = kind === undefined ? unknownName(name) : readArguments(kind, extension.arguments);
  return {
    name,
    required,
    consulVersion,
    envoyVersion,
    hash: sha256Hex(canonicalJson([name, required, extension.arguments]), HASH_LENGTH),
    args: read.args,
    problems: [
      ...read.problems,
      ...(kind?.changes === 'callers' && entryKind === 'proxy-defaults'
        ? [`${name} is about one service and belongs into its service-defaults`]
        : []),
      ...constraintProblem('ConsulVersion', consulVersion),
      ...constraintProblem('EnvoyVersion', envoyVersion),
    ],
  };
}

/** What is wrong with the extensions of an entry that is about to be written, each as Consul starts such a sentence. */
export function extensionProblems(
  extensions: readonly EnvoyExtension[],
  entryKind: ExtensionEntryKind,
): readonly string[] {
  return extensions.flatMap((extension, position) =>
    readExtension(extension, entryKind).problems.map(
      (problem) => `invalid EnvoyExtensions[${position}][${extension.name}]: ${problem}`,
    ),
  );
}

/** Those of the extensions of a stored entry that change no proxy, each with why. */
export function extensionNotes(extensions: readonly EnvoyExtension[]): readonly string[] {
  return extensions.flatMap((extension, position) => {
    const kind = extensionKinds.get(extension.name);
    const args = kind?.note && readArguments(kind, extension.arguments).args;
    const note = args === undefined ? undefined : kind?.note?.(args);
    if (note === undefined) return [];
    return [`EnvoyExtensions[${position}] (${extension.name}) has no effect: Arguments.${note.path} ${note.problem}`];
  });
}

type ReadArguments = { readonly args: unknown; readonly problems: readonly string[] };

const unknownName = (name: string): ReadArguments => ({
  args: undefined,
  problems: [`name "${name}" is not a built-in extension`],
});

function readArguments(kind: AnyExtensionKind, given: EnvoyExtension['arguments']): ReadArguments {
  const decoded = tryDecode<unknown>(kind.schema, given);
  const wrong = decoded.ok ? kind.check(decoded.value) : decoded.problems;
  const problems = wrong.map(({ path, problem }) => `Arguments${path === '' ? '' : `.${path}`} ${problem}`);
  return { args: decoded.ok && problems.length === 0 ? decoded.value : undefined, problems };
}

function constraintProblem(field: string, constraint: string): readonly string[] {
  const problem = versionConstraintProblem(constraint);
  return problem === undefined ? [] : [`${field} ${problem}`];
}
