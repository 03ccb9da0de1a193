/**
 * libc by Node's own FFI.
 * @module
 */
import type { Functions } from './system.ts'

const INT = 'int32'
const SIGNATURES = {
  eventfd: { arguments: ['uint32', INT], return: INT },
  inotify_init1: { arguments: [INT], return: INT },
  inotify_add_watch: { arguments: [INT, 'buffer', 'uint32'], return: INT },
  inotify_rm_watch: { arguments: [INT, INT], return: INT },
  mkfifo: { arguments: ['buffer', 'uint32'], return: INT },
  open: { arguments: ['buffer', INT], return: INT },
  pipe2: { arguments: ['buffer', INT], return: INT },
  fcntl: { arguments: [INT, INT, INT], return: INT },
  setsockopt: { arguments: [INT, INT, INT, 'buffer', 'uint32'], return: INT },
  close: { arguments: [INT], return: INT },
  __errno_location: { arguments: [], return: 'pointer' },
} as const

/** Undefined: this Node has none. @throws what it says where it is not allowed or lacks a function. */
export function nodeFunctions(): Functions | undefined {
  const ffi = quietly(() => process.getBuiltinModule('node:ffi'))
  if (!ffi) return undefined
  const { functions } = ffi.dlopen(null, SIGNATURES)
  const { __errno_location: location, ...rest } = functions as any
  return { ...rest, errno: () => ffi.getInt32(location(), 0) }
}

/** That the module is experimental is for who works on this file, not for the users of a program. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
