/**
 * Exports: which services of this mesh others may use.
 * In: a view. Out: plain values. Must never: know how others are reached.
 */
export { type ExportedService, exportedServices, isExported } from './exported-services.js';
