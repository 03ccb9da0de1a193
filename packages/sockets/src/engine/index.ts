/**
 * What both shapes of the library stand on, for those who build servers and clients of their own: listening, TLS and
 * timeouts on Node's sockets. Connecting, which brings the resolver along, is in `./dial`.
 * @module
 */
export { IdleTimeouts } from '../timeouts/idle-timeouts.ts'
export { TimerWheel, type WheelItem } from '../timeouts/timer-wheel.ts'
export * from '../tls/index.ts'
export { Listener, type ListenerOptions } from './listener.ts'
export { removeStaleSocket } from './stale-socket.ts'
export {
  type Address,
  checkPort,
  LOOPBACK,
  peerAddress,
  type Target,
  toAddress,
} from './target.ts'
