/**
 * Command line: `meshwright <command>`, compatible with what a Consul user types.
 * In: argv, environment, files, stdin. Out: text on stdout and stderr, an exit code.
 * Reaches an agent by HTTP only; only `agent` and `dev` build a server, and load it when they run.
 * Must never: import a server room anywhere else, or make `meshwright -help` load a command.
 */
export { runCli } from './run-cli.js';
