/**
 * Bytes as they come.
 * @module
 */
import type { EmitOptions } from '@unisock/kernel/plugin'
import type { Framing, MakeFraming } from './framing.ts'

/** A chunk of the socket's is its reader's. */
const HANDED_OVER: EmitOptions = { transfer: true }

export const binaryFraming: MakeFraming = pipe =>
  ({
    receive: chunk => pipe.fd.emit(chunk, HANDED_OVER),
    write: data => pipe.send(data),
  }) satisfies Framing
