/**
 * The connection as transfers see it, and what they tell of themselves.
 * @module
 */
import type { FileHandle } from 'node:fs/promises'
import { isSocketError } from '@unisock/kernel/plugin'
import type { Envelope } from './protocol.ts'

/** WS_FILE with its defaults. */
export interface FileSettings {
  root?: string
  chunk: number
  maxSize: number
  digest: boolean
}

export interface Peer {
  readonly settings: FileSettings
  tell(envelope: Envelope): void
  /** Sends a chunk; resolves when there is room for another, or never will be. */
  sendChunk(id: number, offset: number, bytes: Uint8Array): Promise<void>
  /** Received bytes have been written. */
  onWritten(): void
  /** A file is sent, or given up. */
  onSent(): void
}

/** Files that a peer may send, and ask for, at a time. */
export const MAX_TRANSFERS = 64

export interface Failure {
  code: string
  reason: string
}

export const TOO_MANY: Failure = { code: 'ENOBUFS', reason: 'too many transfers are open' }
export const CANCELED: Failure = { code: 'ECANCELED', reason: 'it was cancelled' }
export const LOST: Failure = { code: 'ECONNRESET', reason: 'the connection was lost' }

/** What may be told of an error: the system's messages name paths, which are nobody's business. */
export function failureOf(error: unknown): Failure {
  const { code = 'EPLUGIN', message } = error as { code?: string; message: string }
  return { code, reason: isSocketError(error) ? message : 'the file system refuses' }
}

/** Reads bytes of a file until there are as many as asked for, or no more. */
export async function readFully(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
