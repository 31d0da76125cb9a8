/**
 * Lua as Envoys read it (LuaJIT with what it took over from Lua 5.2); the only importer of luaparse.
 * In: a script. Out: the first thing wrong with it, with its line, or nothing. Must never: run a script, or refuse one that an Envoy
 * takes: what it is not sure of passes, and the Envoy has the last word.
 */
export { checkLua } from './check-lua.js';
