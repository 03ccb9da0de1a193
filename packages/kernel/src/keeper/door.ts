/**
 * Who may speak to a keeper over its local socket: who begins with its token.
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

/** How long (ms) a connection may take to say the token. */
const GREETING_MS = 5000

/** Reads the token off a new connection, and nothing behind it. Destroys one that says anything else. */
export function admit(
  socket: Socket,
  token: Uint8Array,
  { admitted, refused }: { admitted: () => void; refused: () => void },
): void {
  const refuse = (): void => {
    socket.destroy()
    refused()
  }
  const read = (): void => {
    const said: Buffer | null = socket.read(token.length)
    if (said === null) return
    socket.off('readable', read).off('timeout', refuse).setTimeout(0)
    if (said.length === token.length && timingSafeEqual(said, token)) admitted()
    else refuse()
  }
  socket.on('readable', read).setTimeout(GREETING_MS, refuse)
}
