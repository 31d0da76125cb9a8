import { withinNetworks } from '../../core/index.js';

/** Whether the address of a peer, also with brackets or a zone, is in one of the networks (`10.0.0.0/8`); without networks all are. */
export function allowedNetworks(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const isWithin = withinNetworks(networks);
  return (address) => {
    const [bare = ''] = address
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
      .split('%');
    return isWithin(bare);
  };
}
