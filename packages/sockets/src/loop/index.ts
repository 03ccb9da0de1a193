/**
 * Sockets by callback: loops, timers, contexts.
 * @module
 */

export { IdleTimeouts } from '../timeouts/idle-timeouts.ts'
export { TimerWheel, type WheelClock, type WheelItem } from '../timeouts/timer-wheel.ts'
export type { ContextSettings, SocketContextOptions } from './context-options.ts'
export { ListenSocket } from './listen-socket.ts'
export { Loop, type LoopOptions, type RunOptions } from './loop.ts'
export { LoopHandle, type LoopHandleDescriptor } from './loop-handle.ts'
export { CLEAN_SHUTDOWN, CONNECTION_RESET, Socket } from './socket.ts'
export { type ContextConnectOptions, type ContextListenOptions, SocketContext } from './socket-context.ts'
export { Timer } from './timer.ts'
