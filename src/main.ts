#!/usr/bin/env node
import { processIo } from './cli/io.js';
import { runCli } from './cli/run-cli.js';

process.exitCode = await runCli(process.argv.slice(2), processIo());
// What still holds the event loop after a command has ended must not keep the process.
setTimeout(() => process.exit(), 1000).unref();
