/**
 * The life of a connection: ten states, and the only ways from one to another.
 * @module
 */

export type ConnectionState =
  | 'connecting'
  | 'verifying'
  | 'established'
  | 'connected'
  | 'heartbeat'
  | 'inactive'
  | 'closing'
  | 'closed'
  | 'failed'
  | 'rejected'

/** From each state, where to. `closed`, `failed` and `rejected` are final. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  /** The handshake is read. */
  connecting: ['verifying', 'failed'],
  /** Key, subprotocol and origin are checked. */
  verifying: ['established', 'rejected'],
  /** Authenticated; no session yet. */
  established: ['connected'],
  /** The session context exists. */
  connected: ['heartbeat', 'closing'],
  /** A ping is unanswered. */
  heartbeat: ['connected', 'inactive'],
  /** Nothing was heard for too long. */
  inactive: ['closing'],
  closing: ['closed'],
  closed: [],
  failed: [],
  rejected: [],
}

/** The next state on the way to the end. */
const WAY_OUT: Readonly<Partial<Record<ConnectionState, ConnectionState>>> = {
  connecting: 'failed',
  verifying: 'rejected',
  established: 'connected',
  connected: 'closing',
  heartbeat: 'connected',
  inactive: 'closing',
  closing: 'closed',
}

export type TransitionObserver = (to: ConnectionState, from: ConnectionState) => void

export class ConnectionStateMachine {
  #state: ConnectionState = 'connecting'
  /** Made for the first: most connections are observed by nobody. */
  #observers: Set<TransitionObserver> | undefined

  get state(): ConnectionState {
    return this.#state
  }

  /** No way leads on. */
  get final(): boolean {
    return WAY_OUT[this.#state] === undefined
  }

  /** Calls back after each transition, until the returned function is called. */
  observe(observer: TransitionObserver): () => void {
    const observers = (this.#observers ??= new Set())
    observers.add(observer)
    return () => observers.delete(observer)
  }

  /** @throws {Error} when no way leads from the present state to this one. */
  to(state: ConnectionState): void {
    const from = this.#state
    if (!TRANSITIONS[from].includes(state)) throw new Error(`A connection cannot go from ${from} to ${state}`)
    this.#state = state
    if (this.#observers !== undefined) for (const observer of this.#observers) observer(state, from)
  }

  /** Goes on until the connection is `closing`, or has ended without ever being open. */
  close(): void {
    while (!this.final && this.#state !== 'closing') this.to(WAY_OUT[this.#state]!)
  }

  /** Goes on to the end, whatever the state. */
  end(): void {
    while (!this.final) this.to(WAY_OUT[this.#state]!)
  }
}
