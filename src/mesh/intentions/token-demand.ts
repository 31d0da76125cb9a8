import type { Cell } from '../../model/index.js';
import { intentionsToCell } from './intentions-cell.js';
import { requiredProviders } from './token-requirement.js';

/** What the proxies of a service have to know of tokens; equal for most services, so that a change of intentions stops here. */
export interface TokenDemand {
  /** Tokens may be asked for in this mesh: HTTP listeners have the filter that verifies them. */
  readonly hasFilter: boolean;
  /** Providers whose tokens are asked for now, sorted. */
  readonly providers: readonly string[];
}

/** Whether the mesh knows anybody who issues tokens. One cell for all services. */
const tokensKnownCell: Cell<boolean> = {
  kind: 'tokens-known',
  compute: (view) => view.range('config-entries', 'byKind', ['jwt-provider']).length > 0,
};

/**
 * Destination -> what its intentions ask of tokens. The filter is there as soon as the mesh knows a provider, for a connection that is
 * older than the filter could never show a token: what makes intentions ask must not change a listener (docs/jwt.md).
 */
export const tokenDemandCell: Cell<TokenDemand> = {
  kind: 'token-demand',
  compute(view, destination) {
    const providers = requiredProviders(view.cell(intentionsToCell, destination));
    return { hasFilter: providers.length > 0 || view.cell(tokensKnownCell, ''), providers };
  },
};
