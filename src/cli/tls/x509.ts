// The library throws at import unless the metadata polyfill is there first.
import 'reflect-metadata';

export * from '@peculiar/x509';
