/**
 * Discovery chain: where the requests to a service go, compiled from its entries and those of all services it leads to.
 * In: a view and a request (service, datacenter, overrides). Out: a compiled chain or why there is none, and its wire form.
 * Must never: throw for what users wrote, or depend on anything but the view and the request.
 */
export type * from './compiled-chain.js';
export { chainKey, discoveryChainCell } from './chain-cell.js';
export { compileAnywhere, compileChain } from './compile.js';
export { customizationHash } from './customization.js';
export { type ChainVirtualIps, encodeCompiledChain } from './encode-chain.js';
export { entryOf, isHttpLike, localityPreference, protocolOf, trustDomainOf } from './entries.js';
export { type NewerHeader, newerHeaders } from './newer-formats.js';
export { fitsServerName } from './target.js';
