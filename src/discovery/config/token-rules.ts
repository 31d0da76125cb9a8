import { AppError } from '../../core/index.js';
import { entryOf } from '../../mesh/discovery-chain/index.js';
import { acceptsFewerTokens, tokenBearers } from '../../mesh/intentions/index.js';
import type { IntentionJwtRequirement, MeshView, ServiceIntentionsEntry } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import type { EntryChange } from './affected-services.js';
import { revoke } from './revoke-access.js';

/**
 * Refuses intentions that ask for tokens of a provider that is not there, and the deletion of a provider whose tokens are asked
 * for (consul-behaviour 4.12). `view` shows the state as it would be. Throws AppError('invalidArgument').
 */
export function checkTokenProviders(view: MeshView, { kind, name, after }: EntryChange): void {
  if (after?.kind === 'service-intentions') checkProvidersExist(view, after);
  if (kind === 'jwt-provider' && after === undefined) checkNotInUse(view, name);
}

/** Notes from whom a change of a provider may take access away: all whose tokens of it may not be accepted any more. */
export function revokeTokens(transaction: Transaction, { before, after }: EntryChange): void {
  if (before?.kind !== 'jwt-provider' || after?.kind !== 'jwt-provider' || !acceptsFewerTokens(before, after)) return;
  for (const { destination, source } of tokenBearers(transaction, after.name)) revoke(transaction, destination, source);
}

function checkProvidersExist(view: MeshView, entry: ServiceIntentionsEntry): void {
  for (const { place, jwt } of requirementsIn(entry))
    for (const [position, { name }] of jwt.providers.entries())
      if (entryOf(view, 'jwt-provider', name) === undefined)
        throw new AppError(
          'invalidArgument',
          `${place}.Providers[${position}]: JWT provider specified in intention does not exist. Provider name: ${name}; write its jwt-provider entry first`,
        );
}

/** Where an entry asks for tokens, in the words of the wire. */
function requirementsIn(
  entry: ServiceIntentionsEntry,
): readonly { readonly place: string; readonly jwt: IntentionJwtRequirement }[] {
  const places = [
    { place: 'JWT', jwt: entry.jwt },
    ...entry.sources.flatMap(({ permissions }, source) =>
      permissions.map(({ jwt }, position) => ({ place: `Sources[${source}].Permissions[${position}].JWT`, jwt })),
    ),
  ];
  return places.flatMap(({ place, jwt }) => (jwt === undefined ? [] : [{ place, jwt }]));
}

function checkNotInUse(view: MeshView, provider: string): void {
  for (const { entry } of view.range('config-entries', 'byKind', ['service-intentions'])) {
    if (entry.kind !== 'service-intentions') continue;
    const use = requirementsIn(entry).find(({ jwt }) => jwt.providers.some(({ name }) => name === provider));
    if (use !== undefined)
      throw new AppError(
        'invalidArgument',
        `cannot delete jwt provider config entry referenced by an intention. Provider name: ${provider}; service-intentions/${entry.name} refers to it in ${use.place}`,
      );
  }
}
