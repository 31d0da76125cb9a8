import { toStruct } from '../struct.js';

/** Metadata key under which a filter chain carries the index of the last write that took access away. */
const EPOCH_NAMESPACE = 'meshwright';

/** Metadata of an outbound filter chain: another epoch is another chain, so that connections made before end. */
export const epochMetadata = (epoch: number) => ({ filter_metadata: { [EPOCH_NAMESPACE]: toStruct({ epoch }) } });
