/**
 * Node's own flags that a worker takes over from its program: conditions, loaders, limits.
 * @module
 */

/** A program given as text passes on flags that no file may have; a debugger's port can be had once only. */
const OWN = /^(--input-type|--eval|--print|-e$|-p$|-pe$|--inspect|--debug-port)/

export function inheritedFlags(): string[] {
  return process.execArgv.filter(
    (flag, i) => !OWN.test(flag) && !/^(-e|-p|-pe|--eval|--print)$/.test(process.execArgv[i - 1] ?? ''),
  )
}

/** A thread inherits by itself, V8's flags too, which it refuses to be given; only what no file may have is kept from it. */
export function threadFlags(): { execArgv?: string[] } {
  return process.execArgv.some(flag => flag.startsWith('--input-type')) ? { execArgv: inheritedFlags() } : {}
}
