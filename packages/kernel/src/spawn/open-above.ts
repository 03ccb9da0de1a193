/**
 * Descriptors that a child does not lose before it uses them.
 * @module
 */
import { closeSync, openSync } from 'node:fs'

/** Opens a file at a descriptor from `least` on: the child's own take the places below. */
export function openAbove(path: string, flags: number, least: number): number {
  const below: number[] = []
  try {
    for (;;) {
      const descriptor = openSync(path, flags)
      if (descriptor >= least) return descriptor
      below.push(descriptor)
    }
  } finally {
    for (const descriptor of below) closeSync(descriptor)
  }
}
