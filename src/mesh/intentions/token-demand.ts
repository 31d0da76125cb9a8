import { type Cell, type MeshView, configEntryKey } from '../../model/index.js';
import { intentionsToCell } from './intentions-cell.js';
import { requiredProviders } from './token-requirement.js';

/** What the proxies of a service have to know of tokens; equal for most services, so that a change of intentions stops here. */
export interface TokenDemand {
  /** Intentions ask for tokens, or have: HTTP listeners of the service have the filter that verifies them. */
  readonly hasFilter: boolean;
  /** Providers whose tokens are asked for now, sorted. */
  readonly providers: readonly string[];
}

/**
 * Destination -> what its intentions ask of tokens. Entries that asked for tokens once are remembered to have (`askedForTokens`),
 * so that asking, not asking and asking again changes no listener and drains no connection.
 */
export const tokenDemandCell: Cell<TokenDemand> = {
  kind: 'token-demand',
  compute(view, destination) {
    const providers = requiredProviders(view.cell(intentionsToCell, destination));
    return { hasFilter: providers.length > 0 || hasAsked(view, destination) || hasAsked(view, '*'), providers };
  },
};

function hasAsked(view: MeshView, destination: string): boolean {
  return view.get('config-entries', configEntryKey('service-intentions', destination))?.askedForTokens === true;
}
