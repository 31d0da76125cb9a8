/**
 * An ADS server for testing xDS clients: a test sees every request and says every answer, or lets the server answer by itself
 * from a set of resources. In: messages as plain objects. Out: what the client asked for. It must never import from src/.
 */
export { ScriptedAdsServer, type Asked } from './scripted-ads-server.js';
export { packed } from './packed.js';
