// Loaded when it is needed, by `import()`: most commands never are in need of it. The library throws unless the metadata polyfill is there first.
import 'reflect-metadata';

export * from '@peculiar/x509';
