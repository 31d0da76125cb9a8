import { AppError } from '../../core/index.js';

/** A service as intention requests name it. */
export interface IntentionName {
  readonly name: string;
  /** Empty = a service of this mesh. */
  readonly peer: string;
}

/**
 * Reads `name`, `namespace/name`, `partition/namespace/name` or `peer:<peer>/[namespace/]name` (consul-behaviour 1.7). Throws
 * AppError('invalidArgument') for anything else; there is one namespace and one partition, `default`.
 */
export function parseIntentionName(text: string): IntentionName {
  const parts = text.split('/');
  const peer = text.startsWith('peer:') && parts.length > 1 ? (parts.shift() as string).slice('peer:'.length) : '';
  if (parts.length > (peer === '' ? 3 : 2))
    throw new AppError('invalidArgument', `name "${text}" is invalid: input can contain at most two '/'`);
  const name = parts.pop() ?? '';
  const elsewhere = parts.find((part) => part !== 'default');
  if (elsewhere !== undefined)
    throw new AppError(
      'invalidArgument',
      `name "${text}" is invalid: there is no namespace or partition but "default" (namespaces are an enterprise feature)`,
    );
  return { name, peer };
}
