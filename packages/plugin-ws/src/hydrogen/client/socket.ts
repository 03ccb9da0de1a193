/**
 * As much of a WebSocket as the client uses: that of browsers, of Node, and of the `ws` library.
 * @module
 */

export interface WebSocketLike {
  onopen: ((event: any) => void) | null
  onmessage: ((event: any) => void) | null
  onerror: ((event: any) => void) | null
  onclose: ((event: any) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike
